import type { Check } from '../finding.ts'
import { configuration } from './config.ts'
import { environment } from './environment.ts'
import { files } from './files.ts'
import { gateway } from './gateway.ts'
import { disk, kernel, limits, supervisor } from './machine.ts'
import { models } from './models.ts'
import { bypass, certificates, clocks, names } from './network.ts'
import { ports } from './ports.ts'
import { runtime } from './runtime.ts'
import { servers } from './servers.ts'

/** All checks, in the order in which one would look by hand. Add one here. */
export const checks: readonly Check[] = [
  runtime,
  configuration,
  files,
  ports,
  names,
  servers,
  bypass,
  certificates,
  clocks,
  models,
  environment,
  limits,
  kernel,
  disk,
  supervisor,
  gateway,
]
