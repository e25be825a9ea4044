/* Until plots/ is there: text without figures. */
#include "../plots/plots.h"

__attribute__((weak)) int plots_draw(const struct summary *summary, const char *dir, char *note, size_t note_size)
{
    (void)summary, (void)dir;
    snprintf(note, note_size, "no figures: this build has no plots");
    return 0;
}
__attribute__((weak)) int report_html_write(const struct summary *summary, const char *dir, char *why, size_t why_size)
{
    (void)summary, (void)dir;
    snprintf(why, why_size, "no page: this build has no plots");
    return -1;
}
__attribute__((weak)) int report_text_print(const struct summary *summary, FILE *out, unsigned width, bool colour)
{
    (void)width, (void)colour;
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell_summary *cell = &summary->cells[i];
        fprintf(out, "%-12s %-10s %-9s %ux%u chunk %-6llu %-9s %-7s tasks %-8llu task %10.0f wall %12.0f start %10.0f stop %9.0f x%.2f E %.2f n %zu err %zu %s %s\n",
                cell->cell->study, cell->cell->label, cell->cell->runner, cell->cell->processes, cell->cell->threads,
                (unsigned long long)cell->cell->chunk, cell->cell->schedule, cell->cell->placement,
                (unsigned long long)cell->cell->tasks, cell->quantity[QUANTITY_task_ns].median,
                cell->quantity[QUANTITY_wall_ns].median, cell->quantity[QUANTITY_start_ns].median,
                cell->quantity[QUANTITY_stop_ns].median, cell->quantity[QUANTITY_speedup].median,
                cell->quantity[QUANTITY_efficiency].median, cell->samples, cell->errors, cell->verified, cell->suspect);
    }
    for (size_t i = 0; i < summary->finding_count; i++) fprintf(out, "%s\n", summary->findings[i]);
    return 0;
}
__attribute__((weak)) int report_markdown_print(const struct summary *summary, FILE *out)
{
    return report_text_print(summary, out, 0, false);
}
