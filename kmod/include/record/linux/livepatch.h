/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Comes before the kernel's <linux/livepatch.h> when kpatch-build compiles an object, and makes each call of
 * klp_shadow_*() say what it does: macros of the same names put an entry like that of
 * KPATCH_SHADOW_TYPE() into .kpatch.shadow, where create-diff-object finds it with the code of the call.
 *
 * The entry is made by an asm statement beside the call. It is compiled, inlined and dropped with it, so that
 * what becomes constant only in an inlined function is seen as well. The call itself goes to
 * another symbol, NAME.kpatch_recorded, which create-diff-object renames: a reference to NAME
 * is a call that no macro has seen.
 */
#ifndef KPATCH_RECORD_LIVEPATCH_H
#define KPATCH_RECORD_LIVEPATCH_H

#include_next <linux/livepatch.h>

#if IS_ENABLED(CONFIG_LIVEPATCH)

/* By its place: originals are compiled without the folder of kpatch's headers. */
#include "../../kpatch/kpatch-how.h"

#define KPATCH_RECORDED(fn) kpatch_recorded_##fn

#define KPATCH_RECORD_CALL(fn) \
	extern typeof(fn) KPATCH_RECORDED(fn) __asm__(#fn ".kpatch_recorded")

KPATCH_RECORD_CALL(klp_shadow_alloc);
KPATCH_RECORD_CALL(klp_shadow_get_or_alloc);
KPATCH_RECORD_CALL(klp_shadow_free);
KPATCH_RECORD_CALL(klp_shadow_free_all);

/* 0 when it is not constant. */
#define KPATCH_CONSTANT_SIZE(_size)					\
	(__builtin_constant_p(_size) && (_size) <= 0x7fffffff ? (int)(_size) : 0)

/* struct kpatch_patch_shadow. "i" takes 64-bit numbers, but "%c" does not print them. */
#define KPATCH_RECORD_ENTRY(_how, _name, _id, _ctor, _dtor, _size)	\
	asm volatile("771:\n\t"						\
		     ".pushsection .kpatch.shadow, \"aw\"\n\t"		\
		     ".balign 8\n\t"					\
		     ".quad 771b\n\t"					\
		     ".long %c0, %c1\n\t"				\
		     ".quad %c2, %c3, %c4, %c5, 0, 0, %c8\n\t"		\
		     ".long %c6, %c7\n\t"				\
		     ".popsection"					\
		     : : "i" ((int)(_id)), "i" ((int)((_id) >> 32)),	\
			 "i" (_ctor), "i" (_dtor), "i" (_name),		\
			 "i" (__FILE__), "i" (__LINE__), "i" (_how),	\
			 "i" (KPATCH_CONSTANT_SIZE(_size)))

/*
 * Whether a pointer is constant. __builtin_constant_p() denies that of addresses, but it knows
 * whether the compiler can tell them from another one. Comparing with NULL would not do: of a
 * variable that was tested for NULL the compiler can tell that, too. One of two functions (c ? f : g)
 * passes the test: then the compiler refuses the asm statement and shows the line of its use, which
 * says why. Write two calls.
 */
#define KPATCH_CONSTANT_POINTER(_p)					\
({									\
	static char kpatch_other;					\
									\
	__builtin_constant_p((void *)(_p) == (void *)&kpatch_other);	\
})

#define KPATCH_RECORD(_how, _name, _id, _ctor, _dtor, _size)		\
do {									\
	if (__builtin_constant_p(_id) && KPATCH_CONSTANT_POINTER(_ctor) && \
	    KPATCH_CONSTANT_POINTER(_dtor))				\
		KPATCH_RECORD_ENTRY(_how, _name, _id, _ctor, _dtor, _size); /* not c ? f : g */ \
	else								\
		KPATCH_RECORD_ENTRY((_how) | KPATCH_HOW_UNKNOWN, _name, 0UL, 0, 0, 0UL); \
} while (0)

/*
 * For kpatch_shadow_*(), with a name instead of an id. One of two names passes the first test, an array that may
 * change as well; of both, the compiler cannot know a character.
 */
#define KPATCH_CONSTANT_NAME(_name)					\
	(KPATCH_CONSTANT_POINTER(_name) && __builtin_constant_p((_name)[0]))

#define KPATCH_RECORD_NAMED(_how, _name, _size)				\
do {									\
	if (KPATCH_CONSTANT_NAME(_name))				\
		KPATCH_RECORD_ENTRY((_how) | KPATCH_HOW_NAMED, _name, 0UL, 0, 0, _size); \
	else								\
		KPATCH_RECORD_ENTRY((_how) | KPATCH_HOW_NAMED | KPATCH_HOW_UNKNOWN, \
				    "?", 0UL, 0, 0, 0UL);		\
} while (0)

#define KPATCH_RECORD_NAMED_GET(_name)					\
do {									\
	if (KPATCH_CONSTANT_NAME(_name))				\
		KPATCH_RECORD_ENTRY(KPATCH_HOW_GET | KPATCH_HOW_NAMED, _name, 0UL, 0, 0, 0UL); \
} while (0)

/*
 * The calls. What these macros declare has names that no caller's arguments have.
 *
 * Somebody else may own what klp_shadow_get() looks for, under an id that only the caller knows.
 */
#define klp_shadow_get(_obj, _id)					\
({									\
	unsigned long __kpatch_id = (_id);				\
									\
	if (__builtin_constant_p(__kpatch_id))				\
		KPATCH_RECORD_ENTRY(KPATCH_HOW_GET, #_id, __kpatch_id, NULL, NULL, 0UL); \
	klp_shadow_get(_obj, __kpatch_id);				\
})

#define klp_shadow_alloc(_obj, _id, _size, _gfp, _ctor, ...)		\
({									\
	unsigned long __kpatch_id = (_id);				\
	size_t __kpatch_size = (_size);					\
	klp_shadow_ctor_t __kpatch_ctor = (_ctor);			\
									\
	KPATCH_RECORD(KPATCH_HOW_ALLOC, #_id, __kpatch_id, __kpatch_ctor, NULL, \
		      __kpatch_size);					\
	KPATCH_RECORDED(klp_shadow_alloc)(_obj, __kpatch_id, __kpatch_size, _gfp, \
					  __kpatch_ctor, __VA_ARGS__);	\
})

#define klp_shadow_get_or_alloc(_obj, _id, _size, _gfp, _ctor, ...)	\
({									\
	unsigned long __kpatch_id = (_id);				\
	size_t __kpatch_size = (_size);					\
	klp_shadow_ctor_t __kpatch_ctor = (_ctor);			\
									\
	KPATCH_RECORD(KPATCH_HOW_ALLOC, #_id, __kpatch_id, __kpatch_ctor, NULL, \
		      __kpatch_size);					\
	KPATCH_RECORDED(klp_shadow_get_or_alloc)(_obj, __kpatch_id, __kpatch_size, \
						 _gfp, __kpatch_ctor, __VA_ARGS__); \
})

#define klp_shadow_free(_obj, _id, _dtor)				\
({									\
	unsigned long __kpatch_id = (_id);				\
	klp_shadow_dtor_t __kpatch_dtor = (_dtor);			\
									\
	KPATCH_RECORD(KPATCH_HOW_FREE, #_id, __kpatch_id, NULL, __kpatch_dtor, 0UL); \
	KPATCH_RECORDED(klp_shadow_free)(_obj, __kpatch_id, __kpatch_dtor);	\
})

#define klp_shadow_free_all(_id, _dtor)					\
({									\
	unsigned long __kpatch_id = (_id);				\
	klp_shadow_dtor_t __kpatch_dtor = (_dtor);			\
									\
	KPATCH_RECORD(KPATCH_HOW_FREE_ALL, #_id, __kpatch_id, NULL, __kpatch_dtor, 0UL); \
	KPATCH_RECORDED(klp_shadow_free_all)(__kpatch_id, __kpatch_dtor);	\
})

#endif
#endif
