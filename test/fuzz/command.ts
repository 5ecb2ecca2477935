interface Asked {
  readonly count: number
  readonly seed: number
}

/** A campaign from the command line: `[count] [seed]`. Says the seed before anything can go wrong, and what was found. */
export async function command<Findings>(
  campaign: (asked: Asked) => Promise<Findings>,
  check: (findings: Findings) => void,
): Promise<void> {
  const [count = '1000000', seed = String(Date.now() % 1_000_000_000)] = process.argv.slice(2)
  process.stdout.write(`seed ${seed}\n`)
  const startedAt = performance.now()
  const findings = await campaign({ count: Number(count), seed: Number(seed) })
  process.stdout.write(`${JSON.stringify(findings)} ${((performance.now() - startedAt) / 1_000).toFixed(1)} s\n`)
  check(findings)
}
