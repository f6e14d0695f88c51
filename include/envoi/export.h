/*
 * envoi - marks on public declarations
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXPORT_H
#define ENVOI_EXPORT_H

#if defined(__GNUC__) || defined(__clang__)
#define ENVOI_API __attribute__((visibility("default")))
#define ENVOI_MUST_CHECK __attribute__((warn_unused_result))
#define ENVOI_PRINTF(format_index, first_arg) \
	__attribute__((format(printf, format_index, first_arg)))
#else
#define ENVOI_API
#define ENVOI_MUST_CHECK
#define ENVOI_PRINTF(format_index, first_arg)
#endif

#endif
