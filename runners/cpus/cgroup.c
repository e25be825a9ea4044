/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/cpus/cgroup.h"

#include "kernels/reason.h"

#include <linux/magic.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Told each line, without its newline, until it returns true. */
typedef bool line_fn(char *line, void *context);

static bool lines_read(const char *root, const char *path, line_fn *take, void *context)
{
    char whole[CGROUP_PATH];
    bool taken = false;
    size_t size = 0;
    char *line = NULL;
    snprintf(whole, sizeof whole, "%s%s", root, path);
    FILE *file = fopen(whole, "re");
    while (file && !taken && getline(&line, &size, file) > 0) {
        line[strcspn(line, "\n")] = 0;
        taken = take(line, context);
    }
    free(line);
    if (file) fclose(file);
    return taken;
}

/* mountinfo writes blanks and the like as \040. In place. */
static void unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; to++) {
        if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] && from[3]) {
            *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = 0;
}

struct search {
    const char *root, *controller;
    char path[CGROUP_PATH]; /* the process's group, from the hierarchy's own root */
    struct cgroup *best;
    enum { NOTHING, OUTSIDE, BELOW, THERE } rank; /* how good the best mount is */
};

/* "4:cpu,cpuacct:/path" */
static bool take_group(char *line, void *context)
{
    struct search *search = context;
    char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group) return false;
    *group++ = 0;
    controllers++;
    if (search->controller ? !text_has_word(controllers, search->controller) : *controllers) return false;
    return snprintf(search->path, sizeof search->path, "%s", group) < (int)sizeof search->path;
}

/* Another file system may have been mounted over it since: then it says nothing any more. */
static bool shows_groups(const char *root, const char *mount)
{
    struct statfs system;
    return *root || (!statfs(mount, &system) && (system.f_type == CGROUP_SUPER_MAGIC || system.f_type == CGROUP2_SUPER_MAGIC));
}

/* A mount whose top is the group `top`. A container's shows its own group as the top; what does not lie below it cannot
 * be seen from here. */
static void consider(struct search *search, const char *top, const char *mount)
{
    char whole[2 * CGROUP_PATH];
    struct cgroup made = {.unified = !search->controller, .hidden = strcmp(top, "/") != 0};
    const char *path = search->path;
    size_t skip = made.hidden ? strlen(top) : 0;
    bool below = !strncmp(path, top, skip) && (!path[skip] || path[skip] == '/') && !strstr(path, "/..");
    const char *rest = below && strcmp(path + skip, "/") ? path + skip : "";
    if (!shows_groups(search->root, mount)) return;
    if (snprintf(made.mount, sizeof made.mount, "%s", mount) >= (int)sizeof made.mount ||
        snprintf(made.group, sizeof made.group, "%s%s", mount, rest) >= (int)sizeof made.group)
        return;
    snprintf(whole, sizeof whole, "%s%s", search->root, made.group);
    int rank = !below ? OUTSIDE : access(whole, F_OK) ? BELOW : THERE;
    if (rank <= (int)search->rank) return;
    search->rank = (unsigned)rank;
    *search->best = made;
}

/* "31 22 0:28 TOP MOUNT rw shared:4 - cgroup2 SOURCE OPTIONS" */
static bool take_mount(char *line, void *context)
{
    struct search *search = context;
    char *dash = strstr(line, " - "), *top = NULL, *mount = NULL, type[16] = "", *options = NULL;
    if (!dash) return false;
    *dash = 0;
    if (sscanf(dash + 3, "%15s %*s %ms", type, &options) == 2 &&
        (search->controller ? !strcmp(type, "cgroup") && text_has_word(options, search->controller)
                            : !strcmp(type, "cgroup2")) &&
        sscanf(line, "%*s %*s %*s %ms %ms", &top, &mount) == 2) {
        unescape(top);
        unescape(mount);
        consider(search, top, mount);
    }
    free(options);
    free(top);
    free(mount);
    return search->rank == THERE;
}

/* The first cgroup namespace has a number of its own in all kernels: PROC_CGROUP_INIT_INO of include/linux/proc_ns.h. */
static bool in_namespace(const char *root)
{
    char path[CGROUP_PATH], link[64] = "";
    snprintf(path, sizeof path, "%s/proc/self/ns/cgroup", root);
    return readlink(path, link, sizeof link - 1) > 0 && strcmp(link, "cgroup:[4026531835]") != 0;
}

bool cgroup_find(const char *root, const char *controller, struct cgroup *cgroup)
{
    struct cgroup found;
    struct search search = {.root = root, .controller = controller, .best = &found};
    if (!lines_read(root, "/proc/self/cgroup", take_group, &search)) return false;
    lines_read(root, "/proc/self/mountinfo", take_mount, &search);
    if (search.rank == NOTHING) return false;
    found.hidden = found.hidden || in_namespace(root);
    *cgroup = found;
    return true;
}

bool cgroup_parent(const struct cgroup *cgroup, char *group)
{
    char *slash = strrchr(group, '/');
    if (!slash || strlen(group) <= strlen(cgroup->mount)) return false;
    *slash = 0;
    return true;
}

const char *cgroup_quota_file(const struct cgroup *cgroup)
{
    return cgroup->unified ? "cpu.max" : "cpu.cfs_quota_us";
}
