import { NetFault } from '../../core/world.ts'

/** The answer is not what HTTP/1.1 allows, so nobody can say where it ends: the connection is of no more use. */
export const framing = (message: string): NetFault => new NetFault('framing', message)
