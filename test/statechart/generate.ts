import { writeFileSync } from 'node:fs'
import { DOCUMENT, statechartDocument } from './document.ts'

writeFileSync(new URL(`../../${DOCUMENT}`, import.meta.url), await statechartDocument())
