/* assets.h: the scripts, styles and page that are part of the program: ASSET(symbol, file). One list for assets.S,
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
ASSET(style, "plots/style.gp")
ASSET(frame, "plots/frame.gp")
ASSET(panel, "plots/panel.gp")
ASSET(curves, "plots/curves.gp")
ASSET(steps, "plots/steps.gp")
ASSET(tics, "plots/tics.gp")
ASSET(speedup, "plots/speedup.gp")
ASSET(time, "plots/time.gp")
ASSET(start, "plots/start.gp")
ASSET(efficiency, "plots/efficiency.gp")
ASSET(granularity, "plots/granularity.gp")
ASSET(overhead, "plots/overhead.gp")
ASSET(chunk, "plots/chunk.gp")
ASSET(hybrid, "plots/hybrid.gp")
ASSET(placement, "plots/placement.gp")
ASSET(budget, "plots/budget.gp")
ASSET(metg, "plots/metg.gp")
ASSET(karpflatt, "plots/karpflatt.gp")
ASSET(latency, "plots/latency.gp")
ASSET(timeline, "plots/timeline.gp")
ASSET(drift, "plots/drift.gp")
ASSET(topology, "plots/topology.gp")
ASSET(text, "plots/text.gp")
ASSET(report_html, "plots/report.html")
ASSET(report_css, "plots/report.css")
ASSET(report_js, "plots/report.js")
#undef ASSET
#undef BREAKEVEN_ASSETS_LIST
#endif
