// SPDX-License-Identifier: GPL-2.0
#include "fixes.h"

#include <string.h>

#include "error.h"
#include "source-patch.h"

/* Bytes. What is longer is no title. */
#define TEXT_LIMIT    250
#define VERSION_LIMIT 64

/* The digits of the number are at least four; its limit is that of the CVE record format. */
#define CVE_ID "CVE-[0-9]{4}-[0-9]{4,19}"

#define OBJECT_ID_LEN 40

enum field { TITLE, AUTHOR, N_FIELDS };

/* Of mails, of DEP-3 (Debian's patches), of git show. */
static const struct {
	const char *name;
	enum field field;
	bool folded; /* the lines that continue it are part of the value */
} field_names[] = {
	{ "Subject:", TITLE, true },
	{ "Description:", TITLE, false },
	{ "From:", AUTHOR, true },
	{ "Author:", AUTHOR, true },
};

/** struct change - where reading is in the text around a change's diffs. */
struct change {
	enum { HEADER, BODY_START, BODY } where;
	bool any;		   /* field was in the header */
	GString *fields[N_FIELDS]; /* NULL: not seen yet */
	GString *open;		   /* that the next line may continue, or NULL */
};

static bool has(const GPtrArray *list, const char *text)
{
	for (guint i = 0; i < list->len; i++)
		if (!strcmp(list->pdata[i], text))
			return true;
	return false;
}

/* Takes @text over. */
static void add_once(GPtrArray *list, char *text)
{
	if (has(list, text))
		g_free(text);
	else
		g_ptr_array_add(list, text);
}

static GPtrArray *new_list(void)
{
	return g_ptr_array_new_with_free_func(g_free);
}

/* Why @text cannot be recorded; NULL: it can. What directs writing, or is invisible, may deceive.
 */
static const char *text_fault(const char *text)
{
	if (!*text)
		return "it is empty";
	if (strlen(text) > TEXT_LIMIT)
		return "it is longer than 250 bytes";
	if (!g_utf8_validate(text, -1, NULL))
		return "it is not UTF-8";
	for (; *text; text = g_utf8_next_char(text))
		if (!g_unichar_isprint(g_utf8_get_char(text)))
			return "it has control characters";
	return NULL;
}

/* ---- RFC 2047: =?UTF-8?q?Bj=C3=B6rn?= ---- */

static char *decode_q(const char *text, gsize *len)
{
	GString *bytes = g_string_new(NULL);

	for (; *text; text++) {
		if (*text == '=' && g_ascii_isxdigit(text[1]) && g_ascii_isxdigit(text[2])) {
			g_string_append_c(bytes, (char)(g_ascii_xdigit_value(text[1]) << 4 |
							g_ascii_xdigit_value(text[2])));
			text += 2;
		} else {
			g_string_append_c(bytes, *text == '_' ? ' ' : *text);
		}
	}
	*len = bytes->len;
	return g_string_free(bytes, FALSE);
}

static gboolean decode_word(const GMatchInfo *match, GString *out, gpointer user G_GNUC_UNUSED)
{
	g_autofree char *whole = g_match_info_fetch(match, 0);
	g_autofree char *charset = g_match_info_fetch(match, 1);
	g_autofree char *how = g_match_info_fetch(match, 2);
	g_autofree char *text = g_match_info_fetch(match, 3);
	gsize len = 0;
	g_autofree char *bytes = g_ascii_tolower(*how) == 'b' ? (char *)g_base64_decode(text, &len)
							      : decode_q(text, &len);
	g_autofree char *utf8 = g_convert(bytes, (gssize)len, "UTF-8", charset, NULL, NULL, NULL);

	g_string_append(out, utf8 ? utf8 : whole);
	return FALSE;
}

/* The space between two such words is none of the text's. */
static char *decode_words(const char *text)
{
	g_autoptr(GRegex) word =
		g_regex_new("=\\?([^?\\s]+)\\?([QqBb])\\?([^?\\s]*)\\?=(?:\\s+(?==\\?))?",
			    G_REGEX_RAW, 0, NULL);
	char *plain = g_regex_replace_eval(word, text, -1, 0, 0, decode_word, NULL, NULL);

	return plain ? plain : g_strdup(text);
}

/* ---- the text around the diffs ---- */

/* "[PATCH v2 3/5] " */
static const char *without_brackets(const char *title)
{
	for (const char *end; *title == '[' && (end = strchr(title, ']'));)
		title = end + 1 + strspn(end + 1, " ");
	return title;
}

static void take_field(GPtrArray *list, const GString *value, enum field field, const char *file,
		       struct kp_diags *diags)
{
	static const struct {
		const char *what, *remedy;
	} words[N_FIELDS] = {
		[TITLE] = { "the title", "--title gives another" },
		[AUTHOR] = { "the author", "--author gives another" },
	};
	g_autofree char *plain = decode_words(value->str);
	const char *text = field == TITLE ? without_brackets(g_strstrip(plain)) : g_strstrip(plain);
	const char *fault = text_fault(text);

	if (!fault)
		add_once(list, g_strdup(text));
	else
		kp_diag_add(diags, KP_WARNING, file, NULL, words[field].remedy,
			    "%s is not recorded in the module: %s", words[field].what, fault);
}

/* The end of a change: what its header says, unless the command line does. */
static void finish_change(struct change *change, struct fixes *fixes,
			  const struct fixes_given *given, const char *file, struct kp_diags *diags)
{
	GPtrArray *lists[N_FIELDS] = {
		[TITLE] = given->title ? NULL : fixes->titles,
		[AUTHOR] = given->author ? NULL : fixes->authors,
	};

	for (enum field f = 0; f < N_FIELDS; f++) {
		if (!change->fields[f])
			continue;
		if (lists[f])
			take_field(lists[f], change->fields[f], f, file, diags);
		g_string_free(change->fields[f], TRUE);
	}
	*change = (struct change){ 0 };
}

/* "From OBJECT-ID date" begins a mail in a series, "commit OBJECT-ID" what git show writes. */
static bool begins_change(const char *line)
{
	static const char *const words[] = { "From ", "commit " };

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		if (g_str_has_prefix(line, words[i]) &&
		    strspn(line + strlen(words[i]), "0123456789abcdef") == OBJECT_ID_LEN)
			return true;
	}
	return false;
}

/* "Name: value" */
static bool is_field(const char *line)
{
	const char *colon = strchr(line, ':');

	if (!colon || colon == line)
		return false;
	for (const char *p = line; p < colon; p++)
		if (!g_ascii_isalnum(*p) && *p != '-')
			return false;
	return true;
}

static void open_field(struct change *change, const char *line)
{
	change->any = true;
	change->open = NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(field_names); i++) {
		gsize len = strlen(field_names[i].name);
		enum field field = field_names[i].field;

		if (g_ascii_strncasecmp(line, field_names[i].name, len) || change->fields[field])
			continue;
		change->fields[field] = g_string_new(line + len);
		change->open = field_names[i].folded ? change->fields[field] : NULL;
		return;
	}
}

static void header_line(struct change *change, const char *line)
{
	if (!*line)
		change->where = change->any ? BODY_START : HEADER;
	else if (g_ascii_isspace(*line) && change->any && change->open)
		g_string_append_printf(change->open, " %s", line + strspn(line, " \t"));
	else if (is_field(line))
		open_field(change, line);
	else if (!g_ascii_isspace(*line) || !change->any)
		change->where = BODY;
}

/* Who sends the mail of somebody else names the author in the first line of the text. */
static void first_body_line(struct change *change, const char *line)
{
	static const char from[] = "From:";

	if (!*line)
		return;
	change->where = BODY;
	if (!g_str_has_prefix(line, from))
		return;
	if (change->fields[AUTHOR])
		g_string_free(change->fields[AUTHOR], TRUE);
	change->fields[AUTHOR] = g_string_new(line + strlen(from));
}

static void read_prose(const struct source_patch *patch, const struct fixes_given *given,
		       struct fixes *fixes, struct kp_diags *diags)
{
	g_auto(GStrv) lines = g_strsplit(patch->prose, "\n", -1);
	struct change change = { 0 };

	for (char **line = lines; *line; line++) {
		g_strchomp(*line);
		if (begins_change(*line))
			finish_change(&change, fixes, given, patch->name, diags);
		else if (change.where == HEADER)
			header_line(&change, *line);
		else if (change.where == BODY_START)
			first_body_line(&change, *line);
	}
	finish_change(&change, fixes, given, patch->name, diags);
}

/* Ids anywhere in the text, as words. */
static void find_cves(const char *text, GPtrArray *cves)
{
	g_autoptr(GRegex) id = g_regex_new("(?<![A-Za-z0-9_-])" CVE_ID "(?![A-Za-z0-9_])",
					   G_REGEX_RAW | G_REGEX_CASELESS, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;

	g_regex_match(id, text, 0, &match);
	for (; g_match_info_matches(match); g_match_info_next(match, NULL)) {
		g_autofree char *found = g_match_info_fetch(match, 0);

		add_once(cves, g_ascii_strup(found, -1));
	}
}

static int by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct fixes *fixes_collect(const struct fixes_given *given, const GPtrArray *patches,
			    struct kp_diags *diags)
{
	struct fixes *fixes = g_new0(struct fixes, 1);

	fixes->titles = new_list();
	fixes->authors = new_list();
	fixes->cves = new_list();
	fixes->diffs = new_list();
	fixes->version = g_strdup(given->version);
	if (given->title)
		g_ptr_array_add(fixes->titles, g_strdup(given->title));
	if (given->author)
		g_ptr_array_add(fixes->authors, g_strdup(given->author));
	for (guint i = 0; given->cves && i < given->cves->len; i++)
		add_once(fixes->cves, g_strdup(given->cves->pdata[i]));
	for (guint i = 0; i < patches->len; i++) {
		const struct source_patch *patch = patches->pdata[i];

		g_ptr_array_add(fixes->diffs, g_strdup(patch->sha256));
		read_prose(patch, given, fixes, diags);
		if (!given->cves)
			find_cves(patch->prose, fixes->cves);
	}
	g_ptr_array_sort(fixes->cves, by_text);
	return fixes;
}

void fixes_free(struct fixes *fixes)
{
	if (!fixes)
		return;
	g_ptr_array_unref(fixes->titles);
	g_ptr_array_unref(fixes->authors);
	g_ptr_array_unref(fixes->cves);
	g_ptr_array_unref(fixes->diffs);
	g_free(fixes->version);
	g_free(fixes);
}

/* ---- the command line ---- */

/* @id: spaces around it are dropped. */
static bool add_id(GPtrArray *cves, char *id, GError **err)
{
	g_autofree char *shown = g_strescape(g_strstrip(id), NULL);

	if (!g_regex_match_simple("^" CVE_ID "\\z", id, G_REGEX_RAW | G_REGEX_CASELESS, 0))
		return kp_fail(err, KP_USAGE,
			       "--fixes: '%s' is not the id of a CVE, like CVE-2024-1086; several "
			       "have commas between, and none is --fixes none",
			       shown);
	add_once(cves, g_ascii_strup(id, -1));
	return true;
}

bool fixes_add_given(struct fixes_given *given, const char *ids, GError **err)
{
	/* "" is one empty word here. */
	g_auto(GStrv) words = g_strsplit(*ids ? ids : " ", ",", -1);

	if (!given->cves)
		given->cves = new_list();
	if (!strcmp(ids, "none"))
		return true;
	for (char **word = words; *word; word++)
		if (!add_id(given->cves, *word, err))
			return false;
	return true;
}

/* So that packages and file names can have it as it is. */
static bool is_version(const char *text)
{
	return strlen(text) <= VERSION_LIMIT && g_ascii_isalnum(*text) &&
	       text[strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS ".+~_-")] == '\0';
}

bool fixes_check_given(const struct fixes_given *given, GError **err)
{
	const struct {
		const char *option, *text;
	} texts[] = { { "--title", given->title }, { "--author", given->author } };

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		const char *fault = texts[i].text ? text_fault(texts[i].text) : NULL;

		if (fault)
			return kp_fail(err, KP_USAGE, "%s cannot be recorded: %s", texts[i].option,
				       fault);
	}
	if (given->version && !is_version(given->version))
		return kp_fail(err, KP_USAGE,
			       "--patch-version must begin with a letter or digit, have only these "
			       "and any of .+~_-, and at most %d bytes",
			       VERSION_LIMIT);
	return true;
}

void fixes_clear_given(struct fixes_given *given)
{
	g_clear_pointer(&given->cves, g_ptr_array_unref);
}

char *fixes_quote(const char *text)
{
	GString *quoted = g_string_new(NULL);

	/* Three octal digits end by themselves, whatever follows. '?': there are trigraphs. */
	for (const guchar *p = (const guchar *)text; *p; p++) {
		if (g_ascii_isprint(*p) && !strchr("\"\\?", *p))
			g_string_append_c(quoted, (char)*p);
		else
			g_string_append_printf(quoted, "\\%03o", *p);
	}
	return g_string_free(quoted, FALSE);
}
