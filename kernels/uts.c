/* SPDX-License-Identifier: GPL-3.0-or-later */
/* uts: searches an unbalanced tree that nobody stores (Olivier et al., LCPC 2006). A node is the SHA-1 digest of its
 * parent's and its own number among the siblings; the digest says whether it has eight children or none. The tree is
 * BOTS's test input, T3 of the authors' samples: 2000 children of the root, non-leaf with probability 0.124875,
 * seed 42.
 *
 * More than half of it hangs on one child of the root. So prepare takes apart the few thousand nodes that carry more
 * than 2 % of the tree each, and a unit of work is a subtree under one of them or under the root: UNITS of them, seven
 * in eight a single node, the largest 82257 nodes. */
#include "kernels/params.h"

#include <inttypes.h>
#include <string.h>

enum { ROOT_CHILDREN = 2000, CHILDREN = 8, SEED = 42, DEPTH = 1572, LEVELS = 2048, UNITS = 26766 };
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

/* Depth first from `node` at `depth`. `path` holds the non-leaf nodes from there to the current one. */
static void search(struct node node, unsigned depth, struct tree *tree)
{
    struct node path[LEVELS];
    unsigned level = 0; /* nodes on the path */
    for (;;) {
        tree->nodes++;
        if (depth + level > tree->depth) tree->depth = depth + level;
        if (is_leaf(&node) || level == LEVELS) tree->leaves++; /* the known tree never gets so deep */
        else path[level++] = node;
        /* cppcheck-suppress uninitvar ; path[0, level) was assigned above */
        while (level && path[level - 1].next == CHILDREN) level--;
        if (!level) return;
        node = child_of(&path[level - 1], path[level - 1].next);
        path[level - 1].next++;
    }
}

struct forest {
    struct kernel_params params;
    uint64_t apart; /* nodes taken apart, the root among them */
    size_t units;
    struct {
        struct node node;
        unsigned depth;
    } unit[UNITS];
};

static void forest_add(struct forest *forest, const struct node *parent, uint32_t number, unsigned depth)
{
    size_t k = forest->units++;
    if (k >= UNITS) return;
    forest->unit[k].node = child_of(parent, number);
    forest->unit[k].depth = depth;
}

/* The nodes that carry more than 2 % of the tree (82258 nodes), found by one search of it all: under these children of
 * the root, node := digit node, the one child that is such a node | [digit node ...], several | ., none. The answer
 * does not depend on this list, only how evenly the tree is divided. */
/* clang-format off */
static const struct {
    uint32_t child;
    const char *below;
} heavy[] = {
    {120,
     "144012155203056751266772744754267[172570033.47643417543213036427146732070076620271351303556345450065721440676["
     "170073276141042554501727470120374476102647471611420325624644440715705135526272741[5701711254442323243353361437"
     "7547403745373553437313356656556312016374277304246157[216434667122655327036006540644731017664067245727047244134"
     "26141462057714747445016115727330257556640464473514030737341143222161071626746443440276364205774141215433700730"
     "04474724425441314651632751664542126375730513027270321440777076225353110320232015452006775542263177726764223517"
     "134532441175235633622[06736416532524[5523144016175577401721413327325163746656756156166467203555537351127672076"
     "522506275176335453171372141[0327272652656015230151244211720352304114.66707253564047104044442077121212666521475"
     "20052555330202216014317677050504014743506012451416451412163103567400624203446501423064343706667212713361527436"
     "3056763237654500277712015466347145266340210055653120724172420[260437034535475237040623152045157057365362040552"
     "65547752132170665.707025.]]74601145053003466604310602547310376560370373466444302340160633254063612435572106751"
     "32451172602171531273645040657405465407325305310275035231064316753606070455501340216640640777406146000732423721"
     "61240222735752705770466373665467276723134431273323023220310553075307477607370144403036172244626145737067734416"
     "01356473055372722075250412105737335634260101467144507375201477030405125473516241301213243144505153317004424303"
     "530111636347635352723513724275540457353610426341242677362364006[2600015072645475155403000042536610400116042174"
     "36720473554650224640106347706704231753522572126662532531560670375150402151074532514707350534575017435606010615"
     "1126316025356454131176617202223476407155432131016224077603123.405546267123315752027344337336244146531434336414"
     "75677357104172006551533061061364351135300142673306[02605035057474312455251331553730245202403667206252206541413"
     "35474437361431605276070370072157603526766127555421535604524756032305166077110543245273157165442111701045442702"
     "2445472253552754220266376472632747775121357571664.322.]]]13073115064630454261027460000206267006346315403240276"
     "34770433135345350221604622534600747721511507546431224074135456577732352606643277733.]6226512106635151463414465"
     "74570.]62100333653041200704621406277537356763005452115575.]31567655732216.]]"},
    {187,
     "0733242017214531043421103272645725463207635353670156115713500030550[155042514560524176011441426062161715651710"
     "00064103030374134672164030676.33163201373131743040575533557153722607202.]"},
    {208,
     "23355200562627423176632527577333603413576120533405730733205605032605111542706614317144074241041506203547341401"
     "4531071115232204777666756037513434077464656673011616075605755456120323522147270056613203234517504367774."},
    {311,
     "543047313375252166166527451244136514150144522773071477232316744751724547513432332033304165."},
    {1019,
     "61406743256120506043044160603114416704562753470075676443536736227570217401403340736647647357000133220616003140"
     "54256131500125434271471135465702627750754046715662024437461674157413627675504365747320274150036532232242570424"
     "07156030001457536167001047465605324026675062227106664254653731160413131773746437446114513104662014544156204416"
     "47350553262644750502217237626416762653465346770502306003402576547366006136434507577737372304415776664307527711"
     "5222470404766567504353105527743305262307161203642716[134477003520703055303375522202626126533105455574024653256"
     "025716116167640404607743257510600444015256.25465665125047561451477175[56444435507142147537620735232641.7534136"
     "5474073146676471713656256760051354702205317452403017602.]]"},
    {1079,
     "270217507626."},
    {1485,
     "513417010575201727440433010526272252406342357302440747745474437646315344012675671."},
};
/* clang-format on */

/* Takes `node` and what `text` says of those below it apart; their other children become units. Returns the rest. */
static const char *take_apart(struct forest *forest, struct node node, unsigned depth, const char *text)
{
    for (;;) {
        int several = *text == '[';
        unsigned deeper = 0;
        struct node next = node;
        forest->apart++;
        for (text += several; *text >= '0' && *text < '0' + CHILDREN && (several || !deeper);) {
            uint32_t number = (uint32_t)(*text++ - '0');
            deeper |= 1u << number;
            next = child_of(&node, number);
            if (several) text = take_apart(forest, next, depth + 1, text);
        }
        for (uint32_t number = 0; number < CHILDREN; number++)
            if (!(deeper >> number & 1)) forest_add(forest, &node, number, depth + 1);
        if (several || !deeper) return text + 1;
        node = next;
        depth++;
    }
}

static int prepare(const struct kernel_params *params, struct arena *shared, void **input)
{
    struct forest *forest = arena_alloc(shared, sizeof *forest, alignof(struct forest));
    if (!forest) return -ENOMEM;
    forest->params = *params;
    forest->apart = 1;
    struct node root = {0};
    sha1((const uint32_t[]){0, 0, 0, 0, SEED}, 5, root.digest);
    size_t next = 0;
    for (uint32_t number = 0; number < ROOT_CHILDREN; number++)
        if (next < sizeof heavy / sizeof *heavy && heavy[next].child == number)
            take_apart(forest, child_of(&root, number), 1, heavy[next++].below);
        else forest_add(forest, &root, number, 1);
    if (forest->units != UNITS) return -EDOM;
    *input = forest;
    return 0;
}

static void run(const void *input, size_t begin, size_t end, void *results)
{
    const struct forest *forest = input;
    struct tree *out = results;
    for (size_t i = begin; i < end; i++) {
        struct tree tree = {0};
        struct domain_part part = domain_part(UNITS, i, forest->params.tasks);
        for (uint64_t k = 0; k < forest->params.size; k++) {
            uint64_t unit = domain_take(&part);
            search(forest->unit[unit].node, forest->unit[unit].depth, &tree);
        }
        out[i] = tree;
    }
}

static int verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                  size_t why_size)
{
    const struct forest *forest = input;
    const uint64_t nodes = 4112897 - forest->apart, leaves = 3599034;
    const struct tree *out = results;
    struct tree all = {0};
    for (size_t i = 0; i < params->tasks; i++) {
        /* Every node is one of the `size` at the top or one of eight children of a non-leaf. */
        if (out[i].nodes != params->size + CHILDREN * (out[i].nodes - out[i].leaves) || out[i].depth > DEPTH)
            return kernel_result_wrong(
                why, why_size, "task %zu: %" PRIu64 " nodes with %" PRIu64 " leaves, depth %" PRIu64 ": no such tree",
                i, out[i].nodes, out[i].leaves, out[i].depth);
        all.nodes += out[i].nodes;
        all.leaves += out[i].leaves;
        if (out[i].depth > all.depth) all.depth = out[i].depth;
    }
    uint64_t laps = domain_laps(UNITS, params);
    if (!laps) return 0;
    if (all.nodes == laps * nodes && all.leaves == laps * leaves && all.depth == DEPTH) return 1;
    return kernel_result_wrong(why, why_size,
                               "%" PRIu64 " nodes, %" PRIu64 " leaves, depth %" PRIu64
                               " below those taken apart in %" PRIu64 " searches, not %" PRIu64 ", %" PRIu64
                               ", %d in each",
                               all.nodes, all.leaves, all.depth, laps, nodes, leaves, DEPTH);
}

const struct kernel kernel_uts = {
    .version = KERNEL_VERSION,
    .name = "uts",
    .summary = "unbalanced tree search: subtrees of 1 to 82257 nodes",
    .bottleneck = BOTTLENECK_IRREGULAR,
    .default_tasks = 2974,
    .default_size = 9,
    .size_unit = "subtrees",
    .result_size = sizeof(struct tree),
    .published = "4112897 nodes, 3599034 leaves, depth 1572 (BOTS, test input)",
    .prepare = prepare,
    .run = run,
    .verify = verify,
};
