/** The label of what the assistant paints after a stroke while it is live: undone and redone with that stroke. */
export const learnedLabel = 'Learned';
/** The label of a whole proposal that is taken: the assistant's, until a person paints over it. */
export const allTakenLabel = 'Whole proposal';
