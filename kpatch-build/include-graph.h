/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which file of a kernel tree includes which, from a scan of their text. It is
 * made once a target. Conditions are not looked at and an ambiguous name stands
 * for every file that it may mean: the graph says too much rather than too little.
 */
#ifndef KPB_INCLUDE_GRAPH_H
#define KPB_INCLUDE_GRAPH_H

#include <glib.h>
#include <stdbool.h>

struct include_graph;

/**
 * include_graph_open() - the graph of a tree.
 * @tree: the pristine tree
 * @cache_file: where the graph is kept; it is read when it is there, and made otherwise
 * @jobs: how many threads may scan
 */
struct include_graph *include_graph_open(const char *tree, const char *cache_file,
					 unsigned int jobs, GError **err);
void include_graph_free(struct include_graph *graph);

/**
 * include_graph_includers() - all files that get to see any of @paths, and @paths themselves.
 * @paths: of const char *; unknown ones (new files) are just returned
 *
 * Return: a set of paths; the keys belong to @graph or @paths.
 */
GHashTable *include_graph_includers(const struct include_graph *graph, const GPtrArray *paths);

/** include_graph_included() - the other way round: all files that any of @paths may see. */
GHashTable *include_graph_included(const struct include_graph *graph, const GPtrArray *paths);

#endif
