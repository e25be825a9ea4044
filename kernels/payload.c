/* SPDX-License-Identifier: GPL-3.0-or-later */
/* payload: a result of `size` bytes, from 1 B to whatever memory holds: what it costs to bring results home. The
 * bytes are the words of a line with a slope and a start of the task's own, cheap to make and known one by one. */
#include "kernels/params.h"

#include <inttypes.h>
#include <string.h>

#define SLOPE 0x9e3779b97f4a7c15u

/* Words of 8 bytes, the last cut off; size may be odd, so that results are not aligned. */
static void fill(char *bytes, uint64_t size, uint64_t word)
{
    for (; size >= sizeof word; size -= sizeof word, bytes += sizeof word, word += SLOPE)
        memcpy(bytes, &word, sizeof word);
    memcpy(bytes, &word, size);
}

static void run(const void *input, size_t begin, size_t end, void *results)
{
    const struct kernel_params *params = input;
    for (size_t i = begin; i < end; i++)
        fill((char *)results + i * params->size, params->size, random_at(params->seed, i));
}

static int verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                  size_t why_size)
{
    (void)input;
    char want[4096];
    for (size_t i = 0; i < params->tasks; i++) {
        const char *bytes = (const char *)results + i * params->size;
        uint64_t word = random_at(params->seed, i);
        for (uint64_t at = 0; at < params->size; at += sizeof want) {
            size_t length = params->size - at < sizeof want ? (size_t)(params->size - at) : sizeof want;
            fill(want, length, word + at / sizeof word * SLOPE);
            if (!memcmp(bytes + at, want, length)) continue;
            return kernel_result_wrong(why, why_size,
                                       "task %zu: its result is wrong between byte %" PRIu64 " and %" PRIu64, i, at,
                                       at + length);
        }
    }
    return 1;
}

const struct kernel kernel_payload = {
    .version = KERNEL_VERSION,
    .name = "payload",
    .summary = "writes a large result: the way home",
    .bottleneck = BOTTLENECK_PAYLOAD,
    .default_tasks = 1024,
    .default_size = 65536,
    .size_unit = "bytes",
    .result_size = 0,
    .published = "closed form: word k of task i is random(i) + k x slope",
    .prepare = params_prepare,
    .run = run,
    .verify = verify,
};
