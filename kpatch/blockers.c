// SPDX-License-Identifier: GPL-2.0
#include "blockers.h"

#include <stdlib.h>
#include <string.h>

#include "core.h"

#define STACK_DEPTH 8

void blocker_free(struct blocker *blocker)
{
	g_free(blocker->comm);
	g_free(blocker->state);
	g_free(blocker->function);
	g_strfreev(blocker->stack);
	g_free(blocker);
}

static bool is_number(const char *name)
{
	return *name && strspn(name, "0123456789") == strlen(name);
}

/* A line of /proc/PID/stack is "[<0>] function+0x12/0x34 [module]". */
static char **read_stack(const char *task)
{
	g_autofree char *text = host_read(task, "stack", NULL);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", STACK_DEPTH + 1);
	GPtrArray *names = g_ptr_array_new();

	for (guint i = 0; lines[i] && i < STACK_DEPTH; i++) {
		const char *name = strchr(lines[i], ' ');
		if (name && name[1])
			g_ptr_array_add(names, g_strndup(name + 1, strcspn(name + 1, "+ \n")));
	}
	/* Stacks are for root only, and the kernel may be built without; this is its top. */
	g_autofree char *top = names->len ? NULL : host_read(task, "wchan", NULL);
	if (top && *top && strcmp(top, "0") != 0)
		g_ptr_array_add(names, g_steal_pointer(&top));
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

static const char *state_word(char state)
{
	switch (state) {
	case 'R':
		return "running";
	case 'S':
		return "sleeping";
	case 'D':
		return "uninterruptible";
	case 'I':
		return "idle kernel thread";
	case 'T':
	case 't':
		return "stopped";
	case 'Z':
	case 'X':
		return "dead";
	default:
		return "unknown";
	}
}

/* The state follows the command name, which is in parentheses and may itself contain some. */
static const char *read_run_state(const char *task)
{
	g_autofree char *text = host_read(task, "stat", NULL);
	const char *end = text ? strrchr(text, ')') : NULL;

	return state_word(end && end[1] == ' ' ? end[2] : '?');
}

static void add_task(GPtrArray *list, const char *task, int pid, int tid, int target)
{
	g_autofree char *text = host_read(task, "patch_state", NULL);
	if (!text || !*text)
		return;
	int state = atoi(text);
	/* -1: this task takes part in no transition (any more). */
	if (state < 0 || state == target)
		return;

	struct blocker *blocker = g_new0(struct blocker, 1);
	blocker->pid = pid;
	blocker->tid = tid;
	blocker->comm = host_read(task, "comm", NULL);
	if (!blocker->comm)
		blocker->comm = g_strdup("?");
	blocker->state = g_strdup(read_run_state(task));
	blocker->stack = read_stack(task);
	g_ptr_array_add(list, blocker);
}

GPtrArray *blockers_from_patch_state(const struct host *host, const char *patch G_GNUC_UNUSED,
				     int target)
{
	GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)blocker_free);
	g_autoptr(GDir) proc = g_dir_open(host->proc, 0, NULL);

	for (const char *pid; proc && (pid = g_dir_read_name(proc));) {
		if (!is_number(pid))
			continue;
		g_autofree char *tasks = g_build_filename(host->proc, pid, "task", NULL);
		g_autoptr(GDir) dir = g_dir_open(tasks, 0, NULL);
		for (const char *tid; dir && (tid = g_dir_read_name(dir));) {
			g_autofree char *task = g_build_filename(tasks, tid, NULL);
			add_task(list, task, atoi(pid), atoi(tid), target);
		}
	}
	return list;
}

/* The process of a thread; the thread itself if it has just gone. */
static int process_of(const struct host *host, int tid)
{
	g_autofree char *name = g_strdup_printf("%d", tid);
	g_autofree char *text = host_read(host->proc, name, "status", NULL);
	const char *line = text ? strstr(text, "\nTgid:") : NULL;

	return line ? atoi(line + strlen("\nTgid:")) : tid;
}

/* Cut @line before its last word, which is returned; NULL if there is only one. */
static char *take_last_word(char *line)
{
	char *space = strrchr(line, ' ');

	if (!space)
		return NULL;
	*space = '\0';
	return space + 1;
}

/* "TID COMM STATE FUNCTION"; a task's name may contain spaces. NULL for any other line. */
static struct blocker *parse_blocker(const struct host *host, char *line)
{
	char *function = take_last_word(line);
	char *state = function ? take_last_word(line) : NULL;
	char *comm = state ? strchr(line, ' ') : NULL;

	if (!comm)
		return NULL;
	*comm++ = '\0';
	if (!is_number(line))
		return NULL;

	struct blocker *blocker = g_new0(struct blocker, 1);
	g_autofree char *task = g_build_filename(host->proc, line, NULL);
	blocker->tid = atoi(line);
	blocker->pid = process_of(host, blocker->tid);
	blocker->comm = g_strdup(comm);
	blocker->state = g_strdup(state);
	blocker->function = strcmp(function, "-") == 0 ? NULL : g_strdup(function);
	blocker->stack = read_stack(task);
	return blocker;
}

GPtrArray *blockers_from_core(const struct host *host, const char *patch, int target G_GNUC_UNUSED)
{
	GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)blocker_free);
	g_autofree char *dir = core_patch_dir(host, core_by_name("kpatch"), patch);
	g_autofree char *text = host_read(dir, "blockers", NULL);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

	for (char **line = lines; *line; line++) {
		struct blocker *blocker = parse_blocker(host, *line);
		if (blocker)
			g_ptr_array_add(list, blocker);
	}
	return list;
}

char *blocker_format(const struct blocker *blocker)
{
	g_autofree char *stack = g_strjoinv(" < ", blocker->stack);

	return g_strdup_printf("%d %s (%s)%s%s%s%s", blocker->tid, blocker->comm, blocker->state,
			       blocker->function ? " in " : "",
			       blocker->function ? blocker->function : "", *stack ? ": " : "",
			       stack);
}

/* Task names are whatever a program chose; JSON wants UTF-8. */
static json_t *text_json(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	return json_string(valid);
}

json_t *blockers_json(const GPtrArray *blockers)
{
	json_t *list = json_array();

	for (guint i = 0; i < blockers->len; i++) {
		const struct blocker *blocker = blockers->pdata[i];
		json_t *stack = json_array();
		for (char **name = blocker->stack; *name; name++)
			json_array_append_new(stack, text_json(*name));
		json_t *task = json_pack("{s:i, s:i, s:o, s:o, s:o}", "pid", blocker->pid, "tid",
					 blocker->tid, "comm", text_json(blocker->comm), "state",
					 text_json(blocker->state), "stack", stack);
		if (blocker->function)
			json_object_set_new(task, "function", text_json(blocker->function));
		json_array_append_new(list, task);
	}
	return list;
}
