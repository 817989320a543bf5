#include "cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"
#include "zipf.h"

enum { POPULATION = 200000, REQUESTS = 4000000, SEED = 2026 };

const uint32_t cell_permille[CELL_SIZES] = {1, 10, 100};

/* clang-format off: a table, in the order FIFO, LRU, SIEVE, S3-FIFO */
const struct yardstick yardsticks[] = {
    {"scarab-recs",
     1245184,
     258368,
     {
         {210076, 227325, 255987, 283664},
         {396441, 432205, 508390, 532780},
         {710878, 754547, 758486, 782256},
     }},
    {"web07",
     76118,
     20484,
     {
         {15771, 16228, 16845, 17009},
         {27648, 29812, 32123, 33329},
         {40432, 42371, 44093, 44313},
     }},
    {"orm-busy",
     5000000,
     76349,
     {
         {2488618, 2509575, 2009511, 2014353},
         {3796950, 3851698, 3526586, 3783727},
         {4339522, 4400401, 4405321, 4445101},
     }},
    {"domains",
     99991,
     17632,
     {
         {44957, 52029, 58279, 59357},
         {64882, 68641, 75490, 75742},
         {77127, 79141, 80434, 80571},
     }},
    {"moon-conv",
     288500,
     182790,
     {
         {10785, 11984, 12930, 12967},
         {14565, 15080, 16789, 19476},
         {73806, 80323, 56207, 64853},
     }},
    {"corda",
     135702,
     90468,
     {
         {45234, 45234, 88, 571},
         {45234, 45234, 903, 45234},
         {45234, 45234, 9045, 45234},
     }},
    {"arc-OLTP",
     914145,
     186880,
     {
         {118209, 125877, 83171, 162434},
         {334519, 380653, 368392, 424791},
         {579037, 608101, 609371, 618548},
     }},
    {"arc-P6",
     12672123,
     773770,
     {
         {75088, 75164, 55457, 80968},
         {157287, 157644, 365018, 757534},
         {4013906, 3502169, 3102979, 6716895},
     }},
};
/* clang-format on */
const size_t yardstick_count = sizeof yardsticks / sizeof *yardsticks;

const char *const zipf_names[] = {"zipf-0.8", "zipf-1.0", "zipf-1.2"};
const size_t zipf_count = sizeof zipf_names / sizeof *zipf_names;

bool
cell_load(const char *directory, const char *name, struct trace *out)
{
    char path[4096];
    const char *why = NULL;

    if (strncmp(name, "zipf-", 5) == 0) {
        if (zipf_trace(strtod(name + 5, NULL), POPULATION, REQUESTS, SEED, out) != 0) {
            report_fail(name, "cannot be generated: out of memory");
        }
        return true;
    }
    (void)snprintf(path, sizeof path, "%s/%s.ctr.zst", directory, name);
    if (access(path, R_OK) != 0) {
        return false;
    }
    if (trace_read(path, out, &why) != 0) {
        report_fail(path, why);
    }
    return true;
}
