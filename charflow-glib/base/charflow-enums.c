/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-enums.h"

/**
 * SECTION:charflow-enums
 * @title: Enumerations and errors
 * @short_description: the values and error domains that several classes share
 *
 * Each error domain speaks of one subject: a back end, a device, a link between two ends, a URI.
 * Errors of the operating system keep the domain %G_IO_ERROR.
 */

/* clang-format off */
/**
 * charflow_link_error_quark:
 *
 * Gets the domain %CHARFLOW_LINK_ERROR.
 *
 * Returns: the domain
 *
 * Since: 1.0
 */
G_DEFINE_QUARK (charflow-link-error-quark, charflow_link_error)

/**
 * charflow_device_error_quark:
 *
 * Gets the domain %CHARFLOW_DEVICE_ERROR.
 *
 * Returns: the domain
 *
 * Since: 1.0
 */
G_DEFINE_QUARK (charflow-device-error-quark, charflow_device_error)

/**
 * charflow_backend_error_quark:
 *
 * Gets the domain %CHARFLOW_BACKEND_ERROR.
 *
 * Returns: the domain
 *
 * Since: 1.0
 */
G_DEFINE_QUARK (charflow-backend-error-quark, charflow_backend_error)

/**
 * charflow_uri_error_quark:
 *
 * Gets the domain %CHARFLOW_URI_ERROR.
 *
 * Returns: the domain
 *
 * Since: 1.0
 */
G_DEFINE_QUARK (charflow-uri-error-quark, charflow_uri_error)
/* clang-format on */
