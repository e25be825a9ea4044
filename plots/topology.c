/* SPDX-License-Identifier: GPL-3.0-or-later */
/* topology.c: the machine of the run, from its topology.xml, with the workers where they were read back. */
#include "plots/chart.h"
#include "plots/format.h"

#include "kernels/reason.h"
#include "runners/placement.h"

#include <hwloc.h>
#include <math.h>
#include <string.h>

enum { PANELS = 4, ACROSS = 8, PUS_MAX = 512 };

/* The cell that shows a placement best: the most workers that do not exceed the cpus; with a good sample that tells
 * cpus. */
static const struct observation *telling_sample(const struct chart *chart, const char *placement, const struct cell **cell)
{
    const struct run *run = chart->summary->run;
    const struct observation *best = NULL;
    for (size_t i = 0; i < run->sample_count; i++) {
        const struct observation *sample = &run->samples[i];
        const struct cell *of = &run->cells[sample->cell];
        if (strcmp(of->placement, placement) || strcmp(sample->status, "ok") || !sample->located ||
            !strcmp(of->runner, "serial") ||
            (chart->facts->cpus && sample->worker_count > chart->facts->cpus) ||
            (best && sample->worker_count <= best->worker_count))
            continue;
        best = sample;
        *cell = of;
    }
    return best;
}

/* The workers on one cpu as text: "0", "3,7", "12.."; "" where there is none. */
static void workers_on(const struct sample *sample, unsigned pu, char *out, size_t size)
{
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    size_t used = 0;
    unsigned shown = 0;
    out[0] = 0;
    for (unsigned w = 0; set && w < sample->worker_count; w++) {
        if (hwloc_bitmap_list_sscanf(set, sample->workers[w].cpus) || !hwloc_bitmap_isset(set, pu)) continue;
        if (++shown > 2) {
            snprintf(out + used, size - used, "..");
            break;
        }
        used += (size_t)snprintf(out + used, size - used, "%s%u", used ? "," : "", sample->workers[w].worker);
    }
    hwloc_bitmap_free(set);
}

static bool all_free(const struct sample *sample, hwloc_const_cpuset_t allowed)
{
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    bool free_to_move = set && !hwloc_bitmap_list_sscanf(set, sample->workers[0].cpus) &&
                        hwloc_bitmap_weight(set) > 1 && hwloc_bitmap_isincluded(allowed, set);
    hwloc_bitmap_free(set);
    return free_to_move;
}

struct drawing {
    struct chart *chart;
    const struct sample *sample;
    bool unbound;
    double x, y; /* of the next core, in cores; y grows downwards */
    unsigned column;
};

/* One processing unit: its box, whether taken, and its labels. Columns: x low, x high, y low, y high, taken, cpu,
 * workers. */
static void draw_pu(struct drawing *drawing, hwloc_obj_t pu, double left, double width)
{
    char workers[32] = "";
    if (!drawing->unbound) workers_on(drawing->sample, pu->os_index, workers, sizeof workers);
    chart_row(drawing->chart, "%.9g %.9g %.9g %.9g %d \"%u\" \"%s\"", left, left + width, drawing->y + 0.36,
              drawing->y + 0.88, workers[0] != 0, pu->os_index, workers);
    if (drawing->unbound) chart_hover(drawing->chart, "cpu %u, open to every worker", pu->os_index);
    else if (workers[0]) chart_hover(drawing->chart, "cpu %u: worker %s", pu->os_index, workers);
    else chart_hover(drawing->chart, "cpu %u: no worker", pu->os_index);
    if (workers[0]) chart_say(drawing->chart, " Worker %s on cpu %u.", workers, pu->os_index);
}

static void draw_core(hwloc_topology_t topology, struct drawing *drawing, hwloc_obj_t core)
{
    unsigned pus = (unsigned)hwloc_get_nbobjs_inside_cpuset_by_type(topology, core->cpuset, HWLOC_OBJ_PU);
    for (unsigned i = 0; i < pus && pus; i++)
        draw_pu(drawing, hwloc_get_obj_inside_cpuset_by_type(topology, core->cpuset, HWLOC_OBJ_PU, i),
                drawing->column + 0.06 + 0.88 * i / pus, 0.88 / pus);
}

/* Cores in rows of ACROSS, each group (a NUMA node in a package) with a heading. Boxes of cores are the second layer.
 */
static void draw_machine(hwloc_topology_t topology, struct drawing *drawing)
{
    unsigned widest = 1;
    hwloc_obj_type_t type = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE) > 0 ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU;
    for (int pass = 0; pass < 3; pass++) {
        hwloc_obj_t core = NULL, group_package = NULL;
        int group_node = -2;
        drawing->y = -1.15;
        while ((core = hwloc_get_next_obj_by_type(topology, type, core))) {
            hwloc_obj_t package = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_PACKAGE, core);
            int node = core->nodeset ? hwloc_bitmap_first(core->nodeset) : -1;
            if (group_node == -2 || package != group_package || node != group_node) {
                drawing->y += 1.45, drawing->column = 0;
                if (pass == 2)
                    chart_row(drawing->chart, "0.06 %.9g \"package %u, memory node %d\"\n", drawing->y - 0.04,
                              package ? package->logical_index : 0, node < 0 ? 0 : node);
            } else if (++drawing->column == ACROSS) drawing->column = 0, drawing->y += 1;
            if (drawing->column + 1 > widest) widest = drawing->column + 1;
            group_package = package, group_node = node;
            if (pass == 0) draw_core(topology, drawing, core);
            if (pass == 1)
                chart_row(drawing->chart, "%.9g %.9g %.9g %.9g\n", drawing->column + 0.02, drawing->column + 0.98,
                          drawing->y + 0.12, drawing->y + 0.94);
        }
        if (pass < 2) chart_layer(drawing->chart);
    }
    chart_reach(drawing->chart, widest < 4 ? 4 : widest, drawing->y + 1.2);
}

static int load(const char *dir, hwloc_topology_t *topology)
{
    char path[4200];
    struct reason why = {""};
    snprintf(path, sizeof path, "%s/topology.xml", dir);
    if (topology_try(path, &why) || hwloc_topology_init(topology)) return -1;
    if (hwloc_topology_set_xml(*topology, path) || hwloc_topology_load(*topology)) {
        hwloc_topology_destroy(*topology);
        return -1;
    }
    return 0;
}

static void draw_sample(struct chart *chart, hwloc_topology_t topology, const struct cell *cell,
                        const struct sample *sample)
{
    const char *placement = cell->placement;
    char title[160], note[160], team[64];
    struct drawing drawing = {.chart = chart, .sample = sample};
    drawing.unbound = all_free(sample, hwloc_topology_get_allowed_cpuset(topology));
    snprintf(title, sizeof title, "placement %s", placement[0] ? placement : "none");
    if (cell->processes > 1 && cell->threads > 1)
        snprintf(team, sizeof team, "%u processes x %u threads", cell->processes, cell->threads);
    else snprintf(team, sizeof team, "%u %s", sample->worker_count, cell->threads > 1 ? "threads" : "processes");
    snprintf(note, sizeof note, "%s, %s%s", cell->runner, team,
             drawing.unbound ? ", unbound: the system moves them" : "");
    if (!chart_panel(chart, title, note)) return;
    chart_say(chart, " %s (%s).", title, note);
    if (chart_block(chart, chart_series(chart, "worker", 0))) draw_machine(topology, &drawing);
}

static void draw_placement(struct chart *chart, hwloc_topology_t topology, const char *placement)
{
    const struct cell *cell = NULL;
    const struct observation *telling = telling_sample(chart, placement, &cell);
    struct sample sample;
    if (!telling || run_sample(chart->summary->run, telling, &sample)) return;
    if (sample.worker_count) draw_sample(chart, topology, cell, &sample);
    sample_free(&sample);
}

int chart_topology(struct chart *chart)
{
    const struct run *run = chart->summary->run;
    hwloc_topology_t topology;
    if (load(run->dir, &topology)) {
        snprintf(chart->missing, sizeof chart->missing, "the run has no topology.xml that can be read");
        return 0;
    }
    snprintf(chart->missing, sizeof chart->missing, "no repetition recorded the cpus of its workers");
    if (hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU) > PUS_MAX)
        snprintf(chart->missing, sizeof chart->missing, "the machine has more than %d cpus", PUS_MAX);
    chart->legend = "none";
    chart->layers = 3;
    chart->columns = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE) > 4 ? 2 : 3;
    chart->left = 18;
    for (unsigned i = 0; i < run->cell_count && hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU) <= PUS_MAX; i++) {
        bool seen = chart->panels == PANELS || !strcmp(run->cells[i].runner, "serial");
        for (unsigned k = 0; k < i && !seen; k++)
            seen = strcmp(run->cells[k].runner, "serial") && !strcmp(run->cells[k].placement, run->cells[i].placement);
        if (!seen) draw_placement(chart, topology, run->cells[i].placement);
    }
    for (unsigned p = 0; p < chart->panels; p++) {
        unsigned rows = (unsigned)(chart->panel[p].y_high + 0.5), height = 60 + 56 * rows;
        if (height > chart->panel_height) chart->panel_height = height;
    }
    hwloc_topology_destroy(topology);
    return 0;
}
