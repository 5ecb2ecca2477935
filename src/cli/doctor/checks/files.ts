import { type Check, fail, ok, warn } from '../finding.ts'

const others = 0o007
const group = 0o070

/** Whoever can read a key can use it. */
export const files: Check = {
  name: 'files',
  look({ config: { files: all, literalSecrets } }) {
    const secret = all.filter(({ holdsSecrets }) => holdsSecrets)
    const open = secret.flatMap(({ path, mode = 0 }) => {
      const advice = `Run: chmod 600 ${path}`
      if ((mode & others) !== 0) return [fail(`${path} holds keys, and anybody on this machine may read it`, advice)]
      return (mode & group) === 0 ? [] : [warn(`${path} holds keys, and its group may read it`, advice)]
    })
    const literal =
      literalSecrets.length === 0
        ? []
        : [
            warn(
              `Keys stand in the configuration as they are: ${literalSecrets.join(', ')}`,
              'Write ${NAME} or ${file:/path} in their place, so that the file can be shown to others.',
            ),
          ]
    return open.length + literal.length > 0 ? [...open, ...literal] : [ok('No file with keys is open to others')]
  },
}
