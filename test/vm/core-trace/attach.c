// SPDX-License-Identifier: GPL-2.0
/*
 * attach FILE.o DIRECTORY: load the program of a BPF object file and attach it; link and data are pinned in
 * a new directory as "link" and "data", and removing that detaches it.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <sys/stat.h>

static int attach(const char *file, const char *directory)
{
	struct bpf_object *object = bpf_object__open_file(file, NULL);
	struct bpf_program *program = object ? bpf_object__next_program(object, NULL) : NULL;
	struct bpf_link *link;
	struct bpf_map *map;
	char path[256];

	if (!program || bpf_object__load(object))
		return 1;
	link = bpf_program__attach(program);
	if (!link)
		return 1;
	map = bpf_object__find_map_by_name(object, ".bss");
	if (!map || mkdir(directory, 0700))
		return 1;
	snprintf(path, sizeof(path), "%s/data", directory);
	if (bpf_map__pin(map, path))
		return 1;
	snprintf(path, sizeof(path), "%s/link", directory);
	return bpf_link__pin(link, path) != 0;
}

int main(int argc, char **argv)
{
	return argc == 3 ? attach(argv[1], argv[2]) : 2;
}
