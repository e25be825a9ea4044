/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compare_joint.h: inside compare: the cells of a comparison as one family, its kernels as another, the whole run. */
#ifndef BREAKEVEN_COMPARE_JOINT_H
#define BREAKEVEN_COMPARE_JOINT_H

#include "results/summary/compare.h"

#define FAMILY_ERROR 0.05 /* over all cells, for slower and faster together: half of it each */

/* A sample's figure in ns, its wall time times `work`; NAN where it has none: failed, or with busy spans, or not measured. */
double compare_sample_ns(const struct observation *, enum compare_figure, double work);

/* Fills slower_p and faster_p of all cells, `whole` and `kernel`. 0 or -ENOMEM. */
int compare_jointly(const struct run *base, const struct run *new, struct comparison *);

#endif
