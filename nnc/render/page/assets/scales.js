// From which size on what is drawn.

/** Below this scale the lines of a box cannot be read, and its title stands alone, as large as there is room for. */
export const READABLE = 0.55;
/** Below this scale a box is a spot and a curve a line, as there may be thousands of them. */
export const SPOT = 0.24;
/** Smallest font size in pixels of the screen that is worth drawing. */
export const SMALLEST = 4.5;
/** How much is left of what is not meant. */
export const DIM = 0.38;
