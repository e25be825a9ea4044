/* SPDX-License-Identifier: GPL-3.0-or-later */
/* alloc: builds a balanced tree of `size` nodes by malloc, walks it, and frees it node by node. Threads share an
 * allocator, processes do not. */
#include "kernels/params.h"

#include <inttypes.h>
#include <stdlib.h>

struct sums {
    uint64_t nodes, labels;
};

struct node {
    struct node *left, *right;
    uint64_t label;
};

/* Labels run from `label` on. Where memory ends, a subtree is missing, and the sums show it. */
static struct node *build(uint64_t nodes, uint64_t label)
{
    if (!nodes) return NULL;
    struct node *node = malloc(sizeof *node);
    if (!node) return NULL;
    uint64_t left = (nodes - 1) / 2;
    *node = (struct node){build(left, label + 1), build(nodes - 1 - left, label + 1 + left), label};
    return node;
}

static void take_down(struct node *node, struct sums *sums)
{
    if (!node) return;
    sums->nodes++;
    sums->labels += node->label;
    take_down(node->left, sums);
    take_down(node->right, sums);
    free(node);
}

static void run(const void *input, size_t begin, size_t end, void *results)
{
    const struct kernel_params *params = input;
    struct sums *out = results;
    for (size_t i = begin; i < end; i++) {
        struct sums sums = {0};
        take_down(build(params->size, i), &sums);
        out[i] = sums;
    }
}

static int verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                  size_t why_size)
{
    (void)input;
    const struct sums *out = results;
    unsigned __int128 n = params->size;
    for (size_t i = 0; i < params->tasks; i++) {
        uint64_t labels = (uint64_t)(n * i + n * (n - 1) / 2);
        if (out[i].nodes == params->size && out[i].labels == labels) continue;
        return kernel_result_wrong(why, why_size,
                                   "task %zu: %" PRIu64 " nodes of %" PRIu64 ", labels add up to %" PRIu64
                                   ", not %" PRIu64 " (too few nodes: memory ended)",
                                   i, out[i].nodes, params->size, out[i].labels, labels);
    }
    return 1;
}

const struct kernel kernel_alloc = {
    .version = KERNEL_VERSION,
    .name = "alloc",
    .summary = "builds and frees trees: the memory allocator",
    .bottleneck = BOTTLENECK_CONTENTION,
    .default_tasks = 10000,
    .default_size = 1000,
    .size_unit = "nodes",
    .result_size = sizeof(struct sums),
    .published = "closed form: n nodes, labels i .. i + n - 1",
    .prepare = params_prepare,
    .run = run,
    .verify = verify,
};
