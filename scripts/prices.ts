import { writeFileSync } from 'node:fs'
import { priceList } from './price-list.ts'

/** Writes what models cost, from the data of the package that is installed. A test holds the file against it. */
writeFileSync(new URL('../src/accounts/price-list.json', import.meta.url), priceList())
