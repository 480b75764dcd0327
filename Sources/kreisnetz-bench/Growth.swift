// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// Whether a directory is as fast when it is very large as it was: imported, passed on and merged in
/// parts of equal size until it is full, and changed after the first and after the last part.
struct Growth {
  let plan: BenchPlan
  let workload: Workload

  private struct Part {
    let imported: Double
    let merged: Double
    /// Microseconds of processor time for one: the importing command, the merging town.
    let importCPU: Double
    let mergeCPU: Double
    let peakKilobytes: Int
  }

  /// - Throws: `BenchFailure`, `StoreError`.
  func run() throws {
    let realm = try BenchRealm(in: plan.place.path("growth"), program: plan.place.program)
    for town in ["halver", "balve"] { try realm.join(town) }
    let count = max(2, plan.growth / workload.records)
    var parts: [Part] = []
    var updates: [Double] = []
    for number in 0..<count {
      parts.append(try part(number, realm))
      plan.report.progress(
        "Part \(number + 1) of \(count): import \(Int(parts[number].imported))/s, "
          + "merge \(Int(parts[number].merged))/s, peak \(parts[number].peakKilobytes) KB")
      if number == 0 { updates.append(try update(workload.changes.prefix(1), realm)) }
    }
    updates.append(try update(workload.changes.dropFirst(), realm))
    report(parts, updates)
    try plan.end(realm)
  }

  private func part(_ number: Int, _ realm: BenchRealm) throws -> Part {
    let file = plan.place.path("part.ndjson")
    // The changes name the ids of the first part.
    try Workload.writeOrganizations(
      from: workload.recordTable, to: file, prefix: number == 0 ? "" : "\(number)-")
    let imports = try realm.importFiles("halver", [file])
    let seconds = imports.reduce(0) { $0 + $1.seconds }
    try realm.pushAll("halver", seconds: plan.patience)
    let merge = try realm.catchUp("balve", seconds: plan.patience)
    try realm.stop("balve")
    return Part(
      imported: Double(workload.records) / seconds,
      merged: Double(workload.records) / merge.seconds,
      importCPU: imports.reduce(0) { $0 + $1.cpu } * 1e6 / Double(workload.records),
      mergeCPU: merge.townCPU * 1e6 / Double(workload.records),
      peakKilobytes: merge.townPeakKilobytes)
  }

  private func update(_ files: ArraySlice<String>, _ realm: BenchRealm) throws -> Double {
    let count = try files.reduce(0) {
      try $0 + Data(contentsOf: URL(filePath: $1)).count { $0 == 10 }
    }
    _ = try realm.importFiles("halver", Array(files))
    try realm.pushAll("halver", seconds: plan.patience)
    let merge = try realm.catchUp("balve", seconds: plan.patience)
    try realm.stop("balve")
    return Double(count) / merge.seconds
  }

  private func report(_ parts: [Part], _ updates: [Double]) {
    func add(_ what: String, _ values: [Double], cpu: [Double] = []) {
      plan.report.add(
        Measurement(
          .growth, what, "/s", [values[values.count - 1]],
          limit: .init(what: "the same with one part", value: values[0]),
          goal: .ratioAtLeast(0.7),
          details: zip(["cpu µs each at first", "at last"], cpu).map { ($0, $1) }))
    }
    // The first and the last few, as one part alone tells little.
    let few = max(1, min(3, parts.count / 2))
    let (first, last) = (parts.prefix(few), parts.suffix(few))
    func ends(_ figure: (Part) -> Double) -> [Double] {
      [first.map(figure).median, last.map(figure).median]
    }
    add("import", ends(\.imported), cpu: ends(\.importCPU))
    add("merge of organizations", ends(\.merged), cpu: ends(\.mergeCPU))
    add("merge of updates", updates)
    plan.report.add(
      Measurement(
        .growth, "peak memory of a merge", "MB",
        [Double(parts[parts.count - 1].peakKilobytes) / 1_000],
        limit: .init(what: "with one part", value: Double(parts[0].peakKilobytes) / 1_000),
        goal: .ratioAtMost(1.3)))
  }
}
