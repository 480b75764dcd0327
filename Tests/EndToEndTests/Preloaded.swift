// SPDX-License-Identifier: EUPL-1.2

import Foundation
import Testing

/// A library from Tests/Fixtures, built to be preloaded into processes under test.
struct Preloaded {
  let library: String

  /// - Parameter name: of the C file.
  init(_ name: String, in folder: URL) throws {
    library = folder.path + "/\(name).so"
    guard !FileManager.default.fileExists(atPath: library) else { return }
    let source = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Fixtures/\(name).c").standardizedFileURL.path
    let compiler = Process()
    compiler.executableURL = URL(filePath: "/usr/bin/env")
    compiler.arguments = ["clang", "-shared", "-fPIC", "-o", library, source, "-ldl"]
    try compiler.run()
    compiler.waitUntilExit()
    try #require(compiler.terminationStatus == 0)
  }

  var environment: [String: String] { ["LD_PRELOAD": library] }
}
