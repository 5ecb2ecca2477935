import { z } from 'zod'
import { readDuration } from '../core/duration.ts'
import { readAddress } from './address.ts'
import { readSize } from './size.ts'

/** Values as they are written, checked in words that say what to write. */

const noDuration = 'is no duration; write 300ms, 1.2s, 5m, 2h or a number of milliseconds'

/** A timer set further ahead than about 24.8 days fires at once. */
const longestMs = 24 * 86_400_000

export const duration = (about: string, atLeastMs = 1) =>
  z
    .union([z.string(), z.number()], noDuration)
    .transform((value, context) => {
      const ms = readDuration(value)
      if (ms !== undefined && ms >= atLeastMs && ms <= longestMs) return ms
      const message =
        ms === undefined
          ? noDuration
          : ms > longestMs
            ? 'is too long; write at most 24d'
            : `is too short; write at least ${atLeastMs}ms`
      context.issues.push({ code: 'custom', input: value, message })
      return z.NEVER
    })
    .describe(about)

const noSize = 'is no size; write 64KB, 32MB, 1GB or a number of bytes'

export const size = (about: string, atLeastBytes: number) =>
  z
    .union([z.string(), z.number()], noSize)
    .transform((value, context) => {
      const bytes = readSize(value)
      if (bytes !== undefined && bytes >= atLeastBytes) return bytes
      const message = bytes === undefined ? noSize : `is too small; write at least ${atLeastBytes} bytes`
      context.issues.push({ code: 'custom', input: value, message })
      return z.NEVER
    })
    .describe(about)

export const autoOrCount = (about: string) =>
  z
    .union([z.literal('auto'), z.int().min(1)], 'has to be auto or a whole number of at least 1')
    .default('auto')
    .describe(about)

export const address = (about: string, byDefault: string) =>
  z
    .string()
    .refine((text) => readAddress(text) !== undefined, `is no address; write HOST:PORT, as in ${byDefault}`)
    .default(byDefault)
    .describe(about)

export const share = (about: string, byDefault: number) => z.number().min(0).max(0.9).default(byDefault).describe(about)

export const positive = (about: string) => z.number().positive().describe(about)
export const count = (about: string) => z.int().min(1).describe(about)

/** It stands in headers, metrics and logs. */
export const name = (about: string) =>
  z
    .string()
    .min(1)
    .max(100)
    .regex(/^[\x20-\x7E]*$/, 'goes into headers and logs; write it in plain letters, digits and signs')
    .describe(about)
