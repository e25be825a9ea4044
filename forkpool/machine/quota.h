/* SPDX-License-Identifier: MIT */
/* quota.h: the cpu quota of this process's cgroup and of every ancestor that can be seen. */
#ifndef FORKPOOL_QUOTA_H
#define FORKPOOL_QUOTA_H

/* The smallest, in cpus, rounded up; 0: none. cgroup versions 1, 2 and both at once (cgroups(7), proc_pid_mountinfo(5)).
 * `root` stands before each path: "" for this system, a folder with proc/ for a made-up one. Allocates. */
unsigned quota_read(const char *root);

#endif
