/* SPDX-License-Identifier: GPL-3.0-or-later */
/* breakeven: when does parallelism pay? */
#include "bench/verbs.h"

#include "bench/base/leftover.h"
#include "bench/base/site.h"
#include "forkpool/forkpool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A closed descriptor 0, 1 or 2 would go to the next file that is opened, and messages would end up in a record. */
static void hold_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) (void)!open("/dev/null", fd == 1 ? O_RDONLY : O_RDWR);
}

/* For verbs that look at this machine: what of the site is not obeyed or cannot be seen, once, and what makes measuring
 * impossible. A status below 0: go on. */
static int check_site(const struct options *options)
{
    char names[256];
    bool env = false;
    struct forkpool_cpus cpus;
    if (!options->verb->machine || options->topology) return -1;
    forkpool_cpus(&cpus);
    for (size_t i = 0; i < options->placements.count; i++) env |= !strcmp(options->placements.values[i], "env");
    if (site_names(false, names, sizeof names))
        options_complain(options, "not obeyed (a record keeps them): %s; this machine is measured as it is", names);
    if (site_names(true, names, sizeof names))
        options_complain(options, env ? "obeyed where the placement is env, and nowhere else: %s"
                                      : "not obeyed (a record keeps them, a command finds them): %s; --placement binds, and env is the one that obeys",
                         names);
    if (cpus.ignored)
        options_complain(options, "%s=\"%.60s\" is no whole number of 1 or more: ignored", cpus.ignored,
                         getenv(cpus.ignored));
    if (!site_can_have_children())
        return options_complain(options, "children would live in another pid namespace, which ends with the first of "
                                         "them: start it with unshare --pid --fork");
    if (!leftover_proc_is_ours())
        options_complain(options, "/proc is missing or another pid namespace's: processes that are left behind and the "
                                  "memory of commands cannot be seen (unshare --mount-proc mounts the right one)");
    return -1;
}

int main(int argc, char **argv)
{
    site_begin(); /* before anything reads or inherits the affinity */
    hold_standard_descriptors();
    site_leave_children();
    struct options options;
    int status = options_parse(&options, verbs, argc, argv);
    if (status < 0) {
        status = check_site(&options);
        if (status < 0) status = options.verb->run(&options);
    }
    if (status == STATUS_GOOD) status = options_flush(&options);
    options_free(&options);
    return status;
}
