let given = 0

/**
 * An address of this machine that is nobody else's, so that a server of a test finds its port free when it is started again:
 * all of 127.0.0.0/8 is loopback on Linux, and no other process that runs now has this process's number.
 */
export function ownAddress(): string {
  given += 1
  const number = ((process.pid << 2) | (given & 3)) & 0xffffff
  return `127.${number >> 16}.${(number >> 8) & 0xff}.${number & 0xff}`
}
