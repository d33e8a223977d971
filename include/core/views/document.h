/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/model/manager.h"

#define DOCUMENT_FORMAT "mmfs-names"
#define DOCUMENT_VERSION 1

/*
 * The text of control/database:
 *
 *	{"format":"mmfs-names","version":1,"auto_mount":true,"volumes":[
 *	{"id":"UUID=…","links":["/DosDevices/X:",…],"no_drive_letter":false,"keep_links":false,
 *	 "last_seen":"…","last_device":"/dev/…","fingerprint":{"size":…,…},
 *	 "mount_points":[{"path":"…","volume":"…"},…]},
 *	… ]}
 */
void document_render(const struct manager *manager, struct strbuf *ret_text);
