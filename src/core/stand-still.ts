/** Keeps this thread, and all that it does, waiting: for threads that have nothing else to do, and for the last words of one. */
export function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
