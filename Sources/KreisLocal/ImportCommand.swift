// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

extension DirectoryCommands {
  /// Arguments: format (ndjson, csv, hsds or hsds-tables), kind (of rows that name none), key
  /// (external_id, or of a CSV file the fields that name a row without one), mapping (the text of a
  /// mapping file), legal_basis (of persons whom HSDS names), publish (that what is not public by default may become so),
  /// keep_going, dry_run. Input: the file.
  ///
  /// Rows: with dry_run one for each record as `ImportPlan.send` says; last the report: `imported`,
  /// `dry_run`, `created`, `changed`, `unchanged`, `waiting` (values that need a second person's
  /// release), `unpublished` (rows refused for what they would make public), `decided` and
  /// `decisions` (fields in conflict that rows write, which ends the conflict; the first 20: `line`,
  /// `kind`, `external_id`, `id`, `field`, `scope`), `refused` and `errors`, `warned` and `warnings` (the
  /// first 20: `line`, `reason`), `lost` (`what`, `count`).
  ///
  /// All rows are taken in one transaction or, if any is refused, none; with keep_going the others.
  func importRows(_ call: LocalCall) throws -> Outcome {
    let wish = try ImportWish(call, schema)
    let spool = try Spool(in: spool, call.input)
    let seconds = Int(now())
    let survey = try ImportSurvey(call, isTraining: store.identity.isTraining) {
      try ImportRows(wish, schema: schema, now: seconds, read: spool.source())
    }
    var report = survey.report
    if report.refused == 0 || wish.keepsGoing || wish.isDryRun {
      report = try apply(survey, call, wish)
    }
    let isImported = (report.refused == 0 || wish.keepsGoing) && !wish.isDryRun
    try call.row(report.json(isImported: isImported, isDryRun: wish.isDryRun))
    return report.refused == 0 ? .done : .wrongUse
  }

  /// Rows may refer to rows that turn out to be refused only later; then all is done again without
  /// these.
  private func apply(
    _ survey: ImportSurvey, _ call: LocalCall, _ wish: ImportWish
  ) throws -> ImportReport {
    struct RollBack: Error {}
    let keepsGoing = wish.keepsGoing || wish.isDryRun
    var refused: Set<ImportKey> = []
    for _ in 1...8 {
      let plan = wish.isDryRun ? try ImportPlan(in: spool) : nil
      var run = ImportRun(survey, refused: refused, occasion: occasion(call), plan: plan)
      var isRolledBack = false
      do {
        try write { transaction in
          try run.apply(transaction, call)
          let isBroken = run.report.refused > 0 && (!keepsGoing || !run.broken.isEmpty)
          guard isBroken || wish.isDryRun else { return }
          isRolledBack = true
          throw RollBack()
        }
        return run.report
      } catch {
        guard isRolledBack else { throw error }
        if !keepsGoing { return run.report }
        if let plan, run.broken.isEmpty {
          try plan.send(call)
          return run.report
        }
        refused.formUnion(run.broken)
      }
    }
    throw CommandError(
      .wrongUse, "Too many rows refer to refused ones; correct the refused rows first.")
  }
}
