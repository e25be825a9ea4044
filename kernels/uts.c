/* uts: searches an unbalanced tree that nobody stores (Olivier et al., LCPC 2006). A node is the SHA-1 digest of its
 * parent's and its own number among the siblings; the digest says whether it has eight children or none. The tree is
 * BOTS's test input, T3 of the authors' samples: 2000 children of the root, non-leaf with probability 0.124875, seed
 * 42. A unit of work is the subtree under one child of the root: seven in eight are a single node, a few hold 100000
 * and more. */
#include "params.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ROOT_CHILDREN = 2000, CHILDREN = 8, SEED = 42, DEPTH = 1572, LEVELS = 2048 };
#define NON_LEAF 0.124875

struct tree {
    uint64_t nodes, leaves;
    uint64_t depth; /* of the deepest node; the root's is 0 */
};

struct node {
    uint32_t digest[5];
    uint32_t next; /* number of its next child */
};

static uint32_t rotate(uint32_t x, int bits)
{
    return x << bits | x >> (32 - bits);
}

/* One step; the caller passes the five variables turned on by one each time, so that none need be moved. */
static inline void sha1_step(uint32_t a, uint32_t *b, uint32_t *e, uint32_t mixed, uint32_t constant, uint32_t word)
{
    *e += rotate(a, 5) + mixed + constant + word;
    *b = rotate(*b, 30);
}

#define CHOOSE(x, y, z)   (((y ^ z) & x) ^ z)
#define PARITY(x, y, z)   (x ^ y ^ z)
#define MAJORITY(x, y, z) ((x & y) | (z & (x | y)))
#define TWENTY_STEPS(first, mix, constant)                                                                             \
    for (int t = first; t < first + 20; t += 5) {                                                                      \
        sha1_step(a, &b, &e, mix(b, c, d), constant, w[t]);                                                            \
        sha1_step(e, &a, &d, mix(a, b, c), constant, w[t + 1]);                                                        \
        sha1_step(d, &e, &c, mix(e, a, b), constant, w[t + 2]);                                                        \
        sha1_step(c, &d, &b, mix(d, e, a), constant, w[t + 3]);                                                        \
        sha1_step(b, &c, &a, mix(c, d, e), constant, w[t + 4]);                                                        \
    }

/* SHA-1 (FIPS 180-4) of a message of less than 14 words, big-endian. */
static void sha1(const uint32_t *words, unsigned count, uint32_t digest[5])
{
    uint32_t a = 0x67452301, b = 0xefcdab89, c = 0x98badcfe, d = 0x10325476, e = 0xc3d2e1f0;
    const uint32_t start[5] = {a, b, c, d, e};
    uint32_t w[80] = {0};
    memcpy(w, words, count * sizeof *w);
    w[count] = 0x80000000;
    w[15] = 32 * count;
    for (int t = 16; t < 80; t++) w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    TWENTY_STEPS(0, CHOOSE, 0x5a827999)
    TWENTY_STEPS(20, PARITY, 0x6ed9eba1)
    TWENTY_STEPS(40, MAJORITY, 0x8f1bbcdc)
    TWENTY_STEPS(60, PARITY, 0xca62c1d6)
    const uint32_t end[5] = {a, b, c, d, e};
    for (int k = 0; k < 5; k++) digest[k] = start[k] + end[k];
}

static struct node root_node(void)
{
    const uint32_t words[5] = {0, 0, 0, 0, SEED};
    struct node root = {0};
    sha1(words, 5, root.digest);
    return root;
}

static struct node child_of(const struct node *parent, uint32_t number)
{
    uint32_t words[6];
    struct node child = {0};
    memcpy(words, parent->digest, sizeof parent->digest);
    words[5] = number;
    sha1(words, 6, child.digest);
    return child;
}

static int is_leaf(const struct node *node)
{
    return (node->digest[4] & 0x7fffffff) / 2147483648.0 >= NON_LEAF;
}

/* Depth first below one child of the root. `path` holds the non-leaf nodes from that child to the current one. */
static void search(const struct node *root, uint32_t number, struct tree *tree)
{
    struct node path[LEVELS], node = child_of(root, number);
    unsigned level = 0; /* nodes on the path; a child of the last is at depth level + 1 */
    for (;;) {
        tree->nodes++;
        if (level + 1 > tree->depth) tree->depth = level + 1;
        if (is_leaf(&node) || level == LEVELS) tree->leaves++; /* the known tree never gets so deep */
        else path[level++] = node;
        while (level && path[level - 1].next == CHILDREN) level--;
        if (!level) return;
        node = child_of(&path[level - 1], path[level - 1].next);
        path[level - 1].next++;
    }
}

static void run(const void *input, size_t begin, size_t end, void *results)
{
    const struct kernel_params *params = input;
    struct tree *out = results;
    struct node root = root_node();
    for (size_t i = begin; i < end; i++) {
        struct tree tree = {0};
        uint32_t child = (uint32_t)domain_start(ROOT_CHILDREN, i, params->tasks);
        for (uint64_t k = 0; k < params->size; k++) {
            search(&root, child, &tree);
            if (++child == ROOT_CHILDREN) child = 0;
        }
        out[i] = tree;
    }
}

static int verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                  size_t why_size)
{
    (void)input;
    const uint64_t nodes = 4112897, leaves = 3599034;
    const struct tree *out = results;
    struct tree all = {0};
    for (size_t i = 0; i < params->tasks; i++) {
        /* Every node is one of the `size` at the top or one of eight children of a non-leaf. */
        if (out[i].nodes != params->size + CHILDREN * (out[i].nodes - out[i].leaves) || out[i].depth > DEPTH) {
            snprintf(why, why_size,
                     "task %zu: %" PRIu64 " nodes with %" PRIu64 " leaves, depth %" PRIu64 ": no such tree", i,
                     out[i].nodes, out[i].leaves, out[i].depth);
            return -1;
        }
        all.nodes += out[i].nodes;
        all.leaves += out[i].leaves;
        if (out[i].depth > all.depth) all.depth = out[i].depth;
    }
    uint64_t laps = domain_laps(ROOT_CHILDREN, params);
    if (!laps) return 0;
    if (all.nodes == laps * (nodes - 1) && all.leaves == laps * leaves && all.depth == DEPTH) return 1;
    snprintf(why, why_size,
             "%" PRIu64 " nodes, %" PRIu64 " leaves, depth %" PRIu64 " without the root in %" PRIu64
             " searches, not %" PRIu64 ", %" PRIu64 ", %d in each",
             all.nodes, all.leaves, all.depth, laps, nodes - 1, leaves, DEPTH);
    return -1;
}

const struct kernel kernel_uts = {
    .version = KERNEL_VERSION,
    .name = "uts",
    .summary = "unbalanced tree search: task durations differ by 100000",
    .bottleneck = BOTTLENECK_IRREGULAR,
    .default_tasks = ROOT_CHILDREN,
    .default_size = 1,
    .size_unit = "subtrees",
    .result_size = sizeof(struct tree),
    .published = "4112897 nodes, 3599034 leaves, depth 1572 (BOTS, test input)",
    .prepare = params_prepare,
    .run = run,
    .verify = verify,
};
