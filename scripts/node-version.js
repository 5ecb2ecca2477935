// Says in one sentence that this Node is too old. Written so that any Node can read it, and without imports.
const [major, minor] = process.versions.node.split('.').map(Number)
const fits = (major === 24 && minor >= 16) || (major === 26 && minor >= 1) || major > 26
if (!fits) {
  console.error(
    'Spillway needs Node 24.16 or newer (not 25), and this is ' +
      process.versions.node +
      ': run "npm ci" once, which brings the right one for everything that "npm run" starts.',
  )
  process.exit(1)
}
