import type { ReportRow } from '../core/ledger.ts'
