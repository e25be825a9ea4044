/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What findings are about, in the order of the report: TOPIC(name, heading). Names stand in summary.json; headings in
 * the text, the Markdown and the page. */
TOPIC(short, "In short")
TOPIC(scaling, "How it scales")
TOPIC(runners, "Runners side by side, each at its best")
TOPIC(grain, "How small tasks may be")
TOPIC(pays, "When starting workers pays")
TOPIC(startup, "What starting costs")
TOPIC(chunk, "Chunks")
TOPIC(hybrid, "Processes x threads")
TOPIC(placement, "Placement")
TOPIC(budget, "Where the time went")
TOPIC(trust, "How far to trust this")
