/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assets.h: the scripts, styles and pages that are part of the program: ASSET(symbol, file). One list for assets.S,
 * which includes the bytes, and for C, where each is a string asset_SYMBOL. */
#ifndef ASSET
#ifndef BREAKEVEN_ASSETS_H
#define BREAKEVEN_ASSETS_H
#define ASSET(symbol, file) extern const char asset_##symbol[];
#define BREAKEVEN_ASSETS_LIST
#endif
#else
#define BREAKEVEN_ASSETS_LIST
#endif

#ifdef BREAKEVEN_ASSETS_LIST
ASSET(style, "plots/assets/style.gp")
ASSET(frame, "plots/assets/frame.gp")
ASSET(panel, "plots/assets/panel.gp")
ASSET(curves, "plots/assets/curves.gp")
ASSET(steps, "plots/assets/steps.gp")
ASSET(tics, "plots/assets/tics.gp")
ASSET(workers, "plots/assets/workers.gp")
ASSET(speedup, "plots/assets/speedup.gp")
ASSET(time, "plots/assets/time.gp")
ASSET(start, "plots/assets/start.gp")
ASSET(efficiency, "plots/assets/efficiency.gp")
ASSET(granularity, "plots/assets/granularity.gp")
ASSET(overhead, "plots/assets/overhead.gp")
ASSET(chunk, "plots/assets/chunk.gp")
ASSET(hybrid, "plots/assets/hybrid.gp")
ASSET(placement, "plots/assets/placement.gp")
ASSET(budget, "plots/assets/budget.gp")
ASSET(metg, "plots/assets/metg.gp")
ASSET(karpflatt, "plots/assets/karpflatt.gp")
ASSET(latency, "plots/assets/latency.gp")
ASSET(timeline, "plots/assets/timeline.gp")
ASSET(drift, "plots/assets/drift.gp")
ASSET(topology, "plots/assets/topology.gp")
ASSET(text, "plots/assets/text.gp")
ASSET(report_html, "plots/assets/report.html")
ASSET(report_css, "plots/assets/report.css")
ASSET(report_js, "plots/assets/report.js")
ASSET(explorer_js, "plots/assets/explorer.js")
ASSET(beside_begin, "plots/assets/beside_begin.html")
ASSET(beside_end, "plots/assets/beside_end.html")
ASSET(lessons_begin, "plots/assets/lessons_begin.html")
#undef ASSET
#undef BREAKEVEN_ASSETS_LIST
#endif
