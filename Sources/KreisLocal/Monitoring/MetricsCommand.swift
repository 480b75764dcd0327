// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

extension DirectoryCommands {
  /// Rows: `MetricFamily.json`. None names a person or holds a value of the directory.
  func metrics(_ call: LocalCall) throws -> Outcome {
    for family in try metricFamilies() { try call.row(family.json) }
    return .done
  }

  /// Everything that is measured at this replica, in the order of its names' subjects.
  func metricFamilies() throws -> [MetricFamily] {
    let status = try statusRow()
    let now = now()
    var metrics = MetricsBuilder()
    build(&metrics, status)
    try read { snapshot in
      if snapshot.identity.role == .hub {
        try metrics.addHub(snapshot, status, at: now)
      } else {
        try metrics.addTown(snapshot, status, at: now)
      }
    }
    metrics.addDisk(DiskUse(of: spool))
    metrics.add(
      "last_backup_timestamp_seconds", "When the command backup last wrote one.",
      lastBackup.time(in: auditLog).map { Double($0) })
    if let figures = try dutyFigures(at: now) { metrics.add(figures) }
    if daemon != nil { metrics.add(store.timings, isHub: store.identity.role == .hub) }
    return metrics.families
  }

  private func build(_ metrics: inout MetricsBuilder, _ status: JSONValue) {
    metrics.add(
      "build_info", "Version of the program, the protocol and the fold; always 1.",
      [
        .init(
          1,
          [
            .init("version", software), .init("role", store.identity.role.rawValue),
            .init("member", store.identity.name), .init("protocol", "\(protocolVersion)"),
            .init("fold", "\(foldVersion)"),
          ])
      ])
    metrics.add("daemon_running", "Whether the daemon made these figures.", daemon != nil)
    metrics.addStatus(status)
  }

  /// `nil` while a restored replica must not look.
  func dutyFigures(at now: UInt64) throws -> FigureCache.Figures? {
    guard try !read({ try $0.isRestored() }) else { return nil }
    return try figures.figures(at: now) {
      try read { snapshot in
        var figures = FigureCache.Figures()
        let json = ErasureJSON(snapshot, try snapshot.policy(), now)
        for erasure in try snapshot.erasures(at: now) {
          let row = json.row(erasure)
          if case .string(let state)? = row["state"] {
            figures.erasures[state, default: 0] += 1
          }
          for member in row["members"]?.elements ?? [] where member["overdue"] == .bool(true) {
            figures.overdue[member["name"]?.text ?? "", default: 0] += 1
          }
        }
        for finding in try snapshot.retentionFindings(at: now) {
          figures.contacts[finding.reason.rawValue, default: 0] += 1
        }
        let today = today
        try snapshot.visitRecords { record in
          guard snapshot.membership.steward(of: record.id) == snapshot.identity.member,
            let due = Confirmation(
              of: record.kind, assured: record["assured_date"], review: record["review_date"]),
            case .on(let day) = due, day < today
          else { return }
          figures.reviews += 1
        }
        return figures
      }
    }
  }
}
