/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "machines/publish.h"

/*
 * A kernel, an udevd and a /run for the machine that publishes names, with a clock of their own:
 * they end, fill up, keep silent and get other disks.
 */

#define SECOND 1000000u
#define NODES 4
#define DISKS 400  /* of one node, in one test */
#define EVENTS 900 /* in udevd's queue */

struct queued_event {
	int node;
	uint64_t number; /* 0: the kernel's own */
};

struct stage {
	struct publish publish;
	uint64_t now;
	uint64_t timer; /* 0: none is set */
	char *file[NODES][DISKS];
	uint64_t disk[NODES];  /* number of the one that is there, 0: none is */
	uint64_t disks[NODES]; /* so many were there */
	char *links[NODES];    /* as udevd has made them */
	struct queued_event queue[EVENTS];
	int queued;
	bool is_udevd_running;
	bool is_missed;	    /* a disk came or went without udevd, which is told when it starts */
	bool is_udevd_deaf; /* deals with events, and tells nobody */
	bool is_news_late;  /* what it tells is heard when stage_hear() says so */
	struct queued_event news[EVENTS];
	int news_count;
	bool is_full;	 /* no file can be written */
	bool is_refused; /* no event can be asked for */
	int asked, written, looked, looks_for_udevd;
	int complaints[3];
};

void stage_begin(struct stage *stage);
void stage_end(struct stage *stage);
const char *stage_get_name(int node);
/* Another disk gets the node, or none; udevd hears of it, now or when it starts. */
void stage_plug(struct stage *stage, int node);
void stage_unplug(struct stage *stage, int node);
/* The machine hears what links the disk is to have. */
void stage_set(struct stage *stage, int node, const char *text);
/* udevd deals with the first event of its queue, if there is one, or with all. */
bool stage_deal(struct stage *stage);
void stage_deal_with_all(struct stage *stage);
/* The machine hears the first of udevd's news, if there is one. */
bool stage_hear(struct stage *stage);
void stage_start_udevd(struct stage *stage);
void stage_end_udevd(struct stage *stage);
void stage_pass_time(struct stage *stage, uint64_t time);
/* Lets time pass until the machine wants nothing any more. Whether that was ever. */
bool stage_come_to_rest(struct stage *stage);
/* What udevd has made, and what is in the file of the disk. */
void stage_expect_links(const struct stage *stage, int node, const char *text);
