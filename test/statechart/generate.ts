/**
 * Writes what follows from the chart: `npx tsx test/statechart/generate.ts`. The document is for
 * readers, the sizes for the review of a change.
 */
import { writeFileSync } from 'node:fs'
import { DOCUMENT, statechartDocument } from './document.ts'
import { measureSizes, SIZES } from './sizes.ts'

writeFileSync(new URL(`../../${DOCUMENT}`, import.meta.url), await statechartDocument())
writeFileSync(SIZES, `${JSON.stringify(measureSizes(), undefined, 2)}\n`)
