/* SPDX-License-Identifier: GPL-3.0-or-later */
/* topology.c: the machine of the run, from its topology.xml, with the workers where they were read back. */
#include "plots/chart.h"
#include "plots/format.h"
#include "results/models/summary_parts.h"
#include "runners/cpus/placement.h"

#include <errno.h>
#include <hwloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
    unsigned shown = 0;
    out[0] = 0;
    for (unsigned w = 0; set && w < sample->worker_count; w++) {
        if (hwloc_bitmap_list_sscanf(set, sample->workers[w].cpus) || !hwloc_bitmap_isset(set, pu)) continue;
        if (++shown > 2) {
            text_add(out, size, "..");
            break;
        }
        text_add(out, size, "%s%u", *out ? "," : "", sample->workers[w].worker);
    }
    hwloc_bitmap_free(set);
}

/* A hardware thread and where it lies: numbers as topo shows them. */
struct thread {
    unsigned cpu, core, package, node;
    bool allowed;
};

struct machine {
    struct thread *threads;
    unsigned count, cores;
};

static bool all_free(const struct sample *sample, const struct machine *machine)
{
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    bool free_to_move = set && !hwloc_bitmap_list_sscanf(set, sample->workers[0].cpus) && hwloc_bitmap_weight(set) > 1;
    for (unsigned i = 0; i < machine->count && free_to_move; i++)
        free_to_move = !machine->threads[i].allowed || hwloc_bitmap_isset(set, machine->threads[i].cpu);
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
static void draw_thread(struct drawing *drawing, unsigned cpu, double left, double width)
{
    char workers[32] = "";
    if (!drawing->unbound) workers_on(drawing->sample, cpu, workers, sizeof workers);
    chart_row(drawing->chart, "%.9g %.9g %.9g %.9g %d \"%u\" \"%s\"", left, left + width, drawing->y + 0.36,
              drawing->y + 0.88, workers[0] != 0, cpu, workers);
    if (drawing->unbound) chart_hover(drawing->chart, "cpu %u, open to every worker", cpu);
    else if (workers[0]) chart_hover(drawing->chart, "cpu %u: worker %s", cpu, workers);
    else chart_hover(drawing->chart, "cpu %u: no worker", cpu);
    if (workers[0]) chart_say(drawing->chart, " Worker %s on cpu %u.", workers, cpu);
}

static bool same_group(const struct thread *a, const struct thread *b)
{
    return a->package == b->package && a->node == b->node;
}

/* Cores in rows of ACROSS, each group (a memory node in a package) with a heading. Boxes of cores are the second layer.
 */
static void draw_machine(const struct machine *machine, struct drawing *drawing)
{
    unsigned widest = 1;
    for (int pass = 0; pass < 3; pass++) {
        const struct thread *last = NULL, *end = machine->threads + machine->count, *next;
        drawing->y = -1.15;
        for (const struct thread *core = machine->threads; core < end; last = core, core = next) {
            for (next = core + 1; next < end && next->core == core->core;) next++;
            if (!last || !same_group(last, core)) {
                drawing->y += 1.45, drawing->column = 0;
                if (pass == 2)
                    chart_row(drawing->chart, "0.06 %.9g \"package %u, memory node %u\"\n", drawing->y - 0.04, core->package,
                              core->node);
            } else if (++drawing->column == ACROSS) drawing->column = 0, drawing->y += 1;
            if (drawing->column + 1 > widest) widest = drawing->column + 1;
            double width = 0.88 / (double)(next - core);
            for (const struct thread *one = core; pass == 0 && one < next; one++)
                draw_thread(drawing, one->cpu, drawing->column + 0.06 + width * (double)(one - core), width);
            if (pass == 1)
                chart_row(drawing->chart, "%.9g %.9g %.9g %.9g\n", drawing->column + 0.02, drawing->column + 0.98,
                          drawing->y + 0.12, drawing->y + 0.94);
        }
        if (pass < 2) chart_layer(drawing->chart);
    }
    chart_reach(drawing->chart, widest < 4 ? 4 : widest, drawing->y + 1.2);
}

static unsigned number_above(hwloc_topology_t topology, hwloc_obj_type_t type, hwloc_obj_t pu)
{
    hwloc_obj_t object = hwloc_get_ancestor_obj_by_type(topology, type, pu);
    return object ? object->logical_index : 0;
}

/* Memory hangs on the object whose cpus are near it. */
static unsigned node_of(hwloc_obj_t pu)
{
    hwloc_obj_t object = pu;
    while (object && !object->memory_first_child) object = object->parent;
    object = object ? object->memory_first_child : NULL;
    while (object && object->type != HWLOC_OBJ_NUMANODE) object = object->memory_first_child; /* behind a cache */
    return object ? object->logical_index : 0;
}

/* In the child that has the topology: its threads to the file. */
static int threads_write(hwloc_topology_t topology, void *of)
{
    FILE *file = of;
    hwloc_const_cpuset_t allowed = hwloc_topology_get_allowed_cpuset(topology);
    bool cores = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE) > 0;
    for (hwloc_obj_t pu = NULL; (pu = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, pu));) {
        struct thread thread = {.cpu = pu->os_index, .node = node_of(pu), .core = pu->logical_index,
                                .package = number_above(topology, HWLOC_OBJ_PACKAGE, pu),
                                .allowed = hwloc_bitmap_isset(allowed, pu->os_index)};
        if (cores) thread.core = number_above(topology, HWLOC_OBJ_CORE, pu);
        if (fwrite(&thread, sizeof thread, 1, file) != 1) return 1;
    }
    return fflush(file) ? 1 : 0;
}

/* machine->threads is freed by the caller. */
static int load(const char *dir, struct machine *machine, struct reason *why)
{
    char path[4200];
    struct stat status;
    FILE *file = tmpfile();
    snprintf(path, sizeof path, "%s/topology.xml", dir);
    if (!file) return -errno;
    int error = topology_use(path, threads_write, file, why);
    if (!error && fstat(fileno(file), &status)) error = -errno;
    if (!error) {
        machine->count = (unsigned)((size_t)status.st_size / sizeof *machine->threads);
        machine->threads = calloc(machine->count + 1, sizeof *machine->threads);
        rewind(file);
        if (!machine->threads || fread(machine->threads, sizeof *machine->threads, machine->count, file) != machine->count)
            error = -ENOMEM;
    }
    fclose(file);
    for (unsigned i = 0; !error && i < machine->count; i++)
        machine->cores += !i || machine->threads[i].core != machine->threads[i - 1].core;
    return error;
}

static void draw_sample(struct chart *chart, const struct machine *machine, const struct cell *cell,
                        const struct sample *sample)
{
    const char *placement = cell->placement;
    char title[160], note[160], team[PARTS_TEXT];
    struct drawing drawing = {.chart = chart, .sample = sample};
    drawing.unbound = all_free(sample, machine);
    snprintf(title, sizeof title, "placement %s", placement[0] ? placement : "none");
    snprintf(note, sizeof note, "%s, %s%s", cell->runner, parts_team(team, cell),
             drawing.unbound ? ", unbound: the system moves them" : "");
    if (!chart_panel(chart, title, note)) return;
    chart_say(chart, " %s (%s).", title, note);
    if (chart_block(chart, chart_series(chart, "worker", 0))) draw_machine(machine, &drawing);
}

static void draw_placement(struct chart *chart, const struct machine *machine, const char *placement)
{
    const struct cell *cell = NULL;
    const struct observation *telling = telling_sample(chart, placement, &cell);
    struct sample sample;
    if (!telling || run_sample(chart->summary->run, telling, &sample)) return;
    if (sample.worker_count) draw_sample(chart, machine, cell, &sample);
    sample_free(&sample);
}

int chart_topology(struct chart *chart)
{
    const struct run *run = chart->summary->run;
    struct machine machine = {0};
    struct reason why = {""};
    if (load(run->dir, &machine, &why)) {
        free(machine.threads);
        snprintf(chart->missing, sizeof chart->missing, "the run has no topology.xml that can be read%s%.400s", *why.text ? ": " : "",
                 why.text);
        return 0;
    }
    snprintf(chart->missing, sizeof chart->missing, "no repetition recorded the cpus of its workers");
    if (machine.count > PUS_MAX)
        snprintf(chart->missing, sizeof chart->missing, "the machine has more than %d cpus", PUS_MAX);
    chart->legend = "none";
    chart->layers = 3;
    chart->columns = machine.cores > 4 ? 2 : 3;
    chart->left = 18;
    for (unsigned i = 0; i < run->cell_count && machine.count <= PUS_MAX; i++) {
        bool seen = chart->panels == PANELS || !strcmp(run->cells[i].runner, "serial");
        for (unsigned k = 0; k < i && !seen; k++)
            seen = strcmp(run->cells[k].runner, "serial") && !strcmp(run->cells[k].placement, run->cells[i].placement);
        if (!seen) draw_placement(chart, &machine, run->cells[i].placement);
    }
    for (unsigned p = 0; p < chart->panels; p++) {
        unsigned rows = (unsigned)(chart->panel[p].y_high + 0.5), height = 60 + 56 * rows;
        if (height > chart->panel_height) chart->panel_height = height;
    }
    free(machine.threads);
    return 0;
}
