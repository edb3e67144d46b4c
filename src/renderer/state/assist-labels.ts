/** The label of what the assistant paints after a stroke while it is live: undone and redone with that stroke. */
export const learnedLabel = 'Learned';
