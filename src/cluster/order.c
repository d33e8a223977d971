/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said between mmfs and this program: see the header.
 */

#include <string.h>

#include "cluster/order.h"

#define NAME_LEN_MAX 64

bool order_is_name(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= NAME_LEN_MAX && text[0] != '.' &&
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
		len;
}

void order_fini(struct order *order)
{
	free(order->cluster_id);
	free(order->open);
	free(order->change);
	free(order->log);
	free(order->host);
	for (size_t i = 0; i < order->compare_count; i++) {
		free(order->compares[i].key);
		free(order->compares[i].but);
	}
	free(order->compares);
	etcd_rows_fini(&order->puts);
	etcd_rows_fini(&order->deletes);
	etcd_rows_fini(&order->seen);
	*order = (struct order){};
}
