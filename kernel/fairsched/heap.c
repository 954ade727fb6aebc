// SPDX-License-Identifier: GPL-2.0
/*
 * A binary heap whose members know where they are: the least key first, equal
 * keys in order of arrival. Adding, removing and moving any member is O(log n)
 * in the worst case, not only on average: it happens with a raw lock held.
 */
#include "fsched.h"

static bool heap_less(const struct fsched_node *a, const struct fsched_node *b)
{
	return fsched_before(a->key, b->key) ||
	       (a->key == b->key && fsched_before(a->turn, b->turn));
}

static void heap_put(struct fsched_heap *heap, u32 at, struct fsched_node *node)
{
	heap->slot[at] = node;
	node->at = at + 1;
}

/* The member of slot @at may be too small for its place. */
static void heap_up(struct fsched_heap *heap, u32 at)
{
	struct fsched_node *node = heap->slot[at];

	while (at) {
		u32 parent = (at - 1) / 2;

		if (!heap_less(node, heap->slot[parent]))
			break;
		heap_put(heap, at, heap->slot[parent]);
		at = parent;
	}
	heap_put(heap, at, node);
}

/* ... or too large. */
static void heap_down(struct fsched_heap *heap, u32 at)
{
	struct fsched_node *node = heap->slot[at];

	for (;;) {
		u32 child = 2 * at + 1;

		if (child >= heap->count)
			break;
		if (child + 1 < heap->count && heap_less(heap->slot[child + 1], heap->slot[child]))
			child++;
		if (!heap_less(heap->slot[child], node))
			break;
		heap_put(heap, at, heap->slot[child]);
		at = child;
	}
	heap_put(heap, at, node);
}

/**
 * fsched_heap_add() - put a node in
 * @heap: has a free slot
 * @node: in no heap
 * @key: its key
 */
void fsched_heap_add(struct fsched_heap *heap, struct fsched_node *node, s64 key)
{
	node->key = key;
	node->turn = heap->turn++;
	heap_put(heap, heap->count, node);
	heap_up(heap, heap->count++);
}

/**
 * fsched_heap_del() - take a node out
 * @heap: the heap it is in
 * @node: the node
 */
void fsched_heap_del(struct fsched_heap *heap, struct fsched_node *node)
{
	u32 at = node->at - 1;
	struct fsched_node *last = heap->slot[--heap->count];

	node->at = 0;
	if (last == node)
		return;
	heap_put(heap, at, last);
	heap_up(heap, at);
	heap_down(heap, last->at - 1);
}

/**
 * fsched_heap_move() - a node gets another key
 * @heap: the heap it is in
 * @node: the node
 * @key: the new key
 */
void fsched_heap_move(struct fsched_heap *heap, struct fsched_node *node, s64 key)
{
	node->key = key;
	heap_up(heap, node->at - 1);
	heap_down(heap, node->at - 1);
}

/**
 * fsched_heap_first() - the node with the least key
 * @heap: the heap
 * Return: NULL if it is empty.
 */
struct fsched_node *fsched_heap_first(const struct fsched_heap *heap)
{
	return heap->count ? heap->slot[0] : NULL;
}
