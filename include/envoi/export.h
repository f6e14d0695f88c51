/*
 * envoi - marks on public declarations
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXPORT_H
#define ENVOI_EXPORT_H

#if defined(__GNUC__) || defined(__clang__)
/** The declaration is of a function or variable that the library exports. */
#define ENVOI_API __attribute__((visibility("default")))
/** The compiler warns when the result is not used. */
#define ENVOI_MUST_CHECK __attribute__((warn_unused_result))
/** The compiler checks the arguments from @p first_arg on by the format, as those of printf. */
#define ENVOI_PRINTF(format_index, first_arg) \
	__attribute__((format(printf, format_index, first_arg)))
#else
#define ENVOI_API
#define ENVOI_MUST_CHECK
#define ENVOI_PRINTF(format_index, first_arg)
#endif

/* Around a function with the name of a struct: in C++ it hides the constructor of that, which
 * -Wshadow reports in the program that includes the header. */
#if defined(__cplusplus) && (defined(__GNUC__) || defined(__clang__))
#define ENVOI_SHADOW_BEGIN \
	_Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wshadow\"")
#define ENVOI_SHADOW_END _Pragma("GCC diagnostic pop")
#else
#define ENVOI_SHADOW_BEGIN
#define ENVOI_SHADOW_END
#endif

#endif
