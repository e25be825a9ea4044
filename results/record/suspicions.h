/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every mark that makes a repetition suspect, one line each: SUSPICION(word, rule, meaning), the most frequent first.
 * The manifest holds the rules; the findings say the meanings, in this order. docs/troubleshooting.md has what to do. */
SUSPICION(preempted, "workers waited for a cpu that their own caller did not have in more than 2 % of their time",
          "something else ran on a worker's cpu")
SUSPICION(steal, "above 0.5 % of the time", "the host gave the cpu to others")
SUSPICION(throttled, "any, by a cgroup quota", "a container's limit stopped the workers")
SUSPICION(drift, "sentinels of a block and its neighbours off by more than 2 %", "the machine's speed changed")
SUSPICION(unbound, "a worker read back elsewhere than placed", "a worker was not where it was placed")
SUSPICION(unlike, "ranks on hosts of several kinds (model, number of cpus)", "the hosts are not of one kind")
SUSPICION(clock, "run phase below 20 readings of the clock or 10 of its steps", "reading the clock took too long")
SUSPICION(capacity, "tune dropped its block: all cores together did less than 0.7 of the work expected of them",
          "all cores together did far less than they should: tune dropped these")
