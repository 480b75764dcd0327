import KreisCore
import KreisInterchange
import KreisStore

extension DirectoryCommands {
  /// Arguments: format (ndjson or csv), kind (of rows that name none), key (external_id),
  /// keep_going. Input: the file. Row: `imported`, `created`, `changed`, `unchanged`, `refused`,
  /// `errors` (the first 20: `line`, `reason`), `warned` and `warnings` (likewise).
  ///
  /// All rows are taken in one transaction or, if any is refused, none; with keep_going the others.
  func importRows(_ call: LocalCall) throws -> Outcome {
    let format = try call.optionalText("format") ?? "ndjson"
    let kind = try call.optionalText("kind").map { try self.kind(named: $0) }
    let keepsGoing = try call.flag("keep_going")
    let key = try call.optionalText("key") ?? "external_id"
    guard key == "external_id" else {
      throw CommandError(.wrongUse, "Rows are found again by external_id, not by „\(key)“.")
    }
    let spool = try Spool(in: spool, call.input)
    let survey = try ImportSurvey(call) {
      try ImportRows(
        format: format, schema: schema, defaultKind: kind, read: spool.source())
    }
    var report = survey.report
    if report.refused == 0 || keepsGoing {
      report = try apply(survey, call, keepsGoing: keepsGoing)
    }
    try call.row(report.json(isImported: report.refused == 0 || keepsGoing))
    return report.refused == 0 ? .done : .wrongUse
  }

  /// Rows may refer to rows that turn out to be refused only later; then all is done again without
  /// these.
  private func apply(
    _ survey: ImportSurvey, _ call: LocalCall, keepsGoing: Bool
  ) throws -> ImportReport {
    struct RollBack: Error {}
    var refused: Set<ImportKey> = []
    for _ in 1...8 {
      var run = ImportRun(survey, refused: refused, occasion: occasion(call))
      var isRolledBack = false
      do {
        try write { transaction in
          try run.apply(transaction, call)
          guard run.report.refused > 0, !keepsGoing || !run.broken.isEmpty else { return }
          isRolledBack = true
          throw RollBack()
        }
        return run.report
      } catch {
        guard isRolledBack else { throw error }
        if !keepsGoing { return run.report }
        refused.formUnion(run.broken)
      }
    }
    throw CommandError(
      .wrongUse, "Too many rows refer to refused ones; correct the refused rows first.")
  }
}
