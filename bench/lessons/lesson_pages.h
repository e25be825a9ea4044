/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The recorded pages of docs/lessons/, which `make lessons` renews: RECORDED(symbol, lesson's name, file). They are inside
 * the program, for machines that cannot run the lesson. A new lesson starts with an empty file. */
RECORDED(workers, "workers", "docs/lessons/workers.md")
RECORDED(slow_pool, "slow-pool", "docs/lessons/slow-pool.md")
RECORDED(slow_openmp, "slow-openmp", "docs/lessons/slow-openmp.md")
RECORDED(chunk, "chunk", "docs/lessons/chunk.md")
RECORDED(schedule, "schedule", "docs/lessons/schedule.md")
RECORDED(pinning, "pinning", "docs/lessons/pinning.md")
RECORDED(quota, "quota", "docs/lessons/quota.md")
RECORDED(false_sharing, "false-sharing", "docs/lessons/false-sharing.md")
RECORDED(bandwidth, "bandwidth", "docs/lessons/bandwidth.md")
RECORDED(split, "split", "docs/lessons/split.md")
RECORDED(waiting, "waiting", "docs/lessons/waiting.md")
RECORDED(starting, "starting", "docs/lessons/starting.md")
