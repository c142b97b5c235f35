/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cache folder. Everything in it is either complete, under its final name,
 * or temporary, under a name that begins with "tmp." and with a lock on a file
 * in it for as long as its owner lives; so a killed build leaves a usable cache,
 * and what it left is removed by the next one.
 *
 *	CACHE/TARGET/lock	taken for make in the master and for preparing it
 *	CACHE/TARGET/master/	the prepared source tree (tree.h)
 *	CACHE/TARGET/FACT	facts about it: kbuild walk, commands, include graph
 *	CACHE/TARGET/objects/	compiled originals, by content
 *	CACHE/TARGET/work/tmp.*	one folder a running build
 *	CACHE/TARGET/work/old.*	working copies for the next builds
 */
#ifndef KPB_CACHE_H
#define KPB_CACHE_H

#include <glib.h>
#include <stdbool.h>

/** cache_root() - @option (--cache), $KPATCH_CACHE, $XDG_CACHE_HOME/kpatch or ~/.cache/kpatch. */
char *cache_root(const char *option, GError **err);

/**
 * struct cache_tmp - a temporary folder of a living process; on the same file system as the
 * rest of the cache, so that parts of it can be renamed into their place.
 */
struct cache_tmp {
	char *path;
	struct kp_lock *lock;
};

/** cache_tmp_new() - make one below @parent, after removing what dead processes left there. */
struct cache_tmp *cache_tmp_new(const char *parent, GError **err);

/** cache_tmp_free() - remove it with all that is in it; @keep: leave it. */
void cache_tmp_free(struct cache_tmp *tmp, bool keep);

/**
 * cache_tmp_reuse() - move what an earlier temporary folder had as "src" into this one.
 *
 * Working copies are expensive to make and to remove, so up to three are left in @tmp's parent
 * when their folders go. Nothing is known about what is in it, except that nobody uses it.
 * Return: the path DIR/src, to be freed; NULL when none is left.
 */
char *cache_tmp_reuse(const struct cache_tmp *tmp);

/** cache_remove_tree() - remove @path and everything below it; no error when it does not exist. */
bool cache_remove_tree(const char *path, GError **err);

/** cache_write() - write a file whole or not at all (temporary file, then rename). */
bool cache_write(const char *path, const char *data, gsize len, GError **err);

/** cache_mkdir() - make a folder with its parents. */
bool cache_mkdir(const char *path, GError **err);

/** cache_same_content() - whether both are files that can be read and are equal. */
bool cache_same_content(const char *a, const char *b);

#endif
