"""Fails on an edge between rooms that the design does not list, and on includes that go round CMake.

usage: check_target_graph.py GRAPH SOURCE_DIR   (GRAPH: lines "target library", written when CMake configures)
"""
import pathlib
import re
import sys

# What each room may use: the table of the design, core split into its sub-rooms.
CORE = {"tactus_base", "tactus_geometry", "tactus_body", "tactus_objects", "tactus_views", "tactus_contact",
        "tactus_reconstruct", "tactus_pipeline", "tactus_core"}
EIGEN = {"Eigen3::Eigen", "nanoflann::nanoflann", "Threads::Threads"}
ALLOWED = {
    "tactus_base": {"Threads::Threads"},
    "tactus_geometry": {"tactus_base"} | EIGEN,
    "tactus_body": {"tactus_base", "tactus_geometry"} | EIGEN,
    "tactus_objects": {"tactus_base", "tactus_geometry"} | EIGEN,
    "tactus_views": {"tactus_base", "tactus_geometry"} | EIGEN,
    "tactus_contact": {"tactus_base", "tactus_geometry", "tactus_body", "tactus_objects", "tactus_views"} | EIGEN,
    "tactus_reconstruct": {"tactus_base", "tactus_geometry", "tactus_contact", "tactus_views"} | EIGEN,
    "tactus_pipeline": CORE - {"tactus_pipeline", "tactus_core"} | EIGEN,
    "tactus_core": {"tactus_pipeline"},
    "tactus_body_files": {"tactus_base", "tactus_geometry", "tactus_body", "ZLIB::ZLIB",
                          "nlohmann_json::nlohmann_json"} | EIGEN,
    "tactus_io": CORE | EIGEN | {"tactus_body_files", "opencv_core", "opencv_imgproc", "opencv_imgcodecs",
                                 "PkgConfig::LIBZIP", "TinyGLTF::TinyGLTF", "nlohmann_json::nlohmann_json",
                                 "tinyobjloader::tinyobjloader", "ZLIB::ZLIB"},
    "tactus_render": CORE | EIGEN,
    "tactus_scene": CORE | EIGEN | {"VTK::*"},
    "tactus_viewport": CORE | {"tactus_scene", "Qt6::*", "PkgConfig::IMGUI", "VTK::*"},
    "tactus_ui": CORE | {"tactus_io", "tactus_scene", "tactus_viewport", "Qt6::*", "PkgConfig::IMGUI"},
    "tactus_layers": {"tactus_base", "libtorch::libtorch", "tactus_checkpoint"},
    "tactus_checkpoint": {"tactus_base", "libtorch::libtorch", "nlohmann_json::nlohmann_json"},
    "tactus_preprocess": {"tactus_base", "libtorch::libtorch"},
    "tactus_tokenizer": {"tactus_base", "PkgConfig::SENTENCEPIECE", "nlohmann_json::nlohmann_json"},
    "tactus_clip": {"tactus_layers", "tactus_preprocess", "tactus_checkpoint", "nlohmann_json::nlohmann_json"},
    "tactus_llama": {"tactus_layers", "tactus_checkpoint"},
    "tactus_sam": {"tactus_layers", "tactus_preprocess", "tactus_checkpoint"},
    "tactus_interactvlm": CORE | {"tactus_render", "tactus_clip", "tactus_llama", "tactus_sam", "tactus_tokenizer",
                                  "tactus_checkpoint", "tactus_layers", "tactus_preprocess",
                                  "nlohmann_json::nlohmann_json"},
    "tactus_evidence": CORE | EIGEN,
    "tactus_synth": CORE | EIGEN | {"tactus_evidence"},
    "tactus_compact": CORE | {"tactus_evidence", "tactus_llama", "tactus_checkpoint", "nlohmann_json::nlohmann_json"},
    "tactus_training": CORE | {"tactus_compact", "tactus_synth", "tactus_evidence", "tactus_checkpoint", "libtorch::libtorch",
                               "nlohmann_json::nlohmann_json"},
    "tactus_perception": CORE | {"tactus_training", "tactus_synth", "tactus_checkpoint", "nlohmann_json::nlohmann_json"},
    "tactus_evaluation": CORE | {"tactus_synth", "tactus_evidence", "tactus_compact", "tactus_perception", "nlohmann_json::nlohmann_json"},
    "tactus_evaluation_files": CORE | {"tactus_evaluation", "tactus_io", "tactus_render", "nlohmann_json::nlohmann_json"},
    "tactus_models": {"tactus_interactvlm"},
    "tactus_networks_interface": {"tactus_core"},
    "tactus_networks": {"tactus_networks_interface", "tactus_core", "tactus_checkpoint", "tactus_models", "tactus_compact", "tactus_perception", "tactus_training", "tactus_evaluation",
                        "tactus_evaluation_files", "tactus_body_files"},
    "tactus_composition": CORE | {"tactus_networks_interface", "dl", "tactus_io", "tactus_body_files", "tactus_render", "nlohmann_json::nlohmann_json"},
    # The command line links neither Qt nor VTK.
    "tactus": CORE | {"tactus_composition", "tactus_synth", "tactus_io", "tactus_body_files", "tactus_render", "CLI11::CLI11",
                      "nlohmann_json::nlohmann_json"},
    "tactus-studio": CORE | {"tactus_composition", "tactus_io", "tactus_render", "tactus_scene", "tactus_viewport",
                             "tactus_ui", "Qt6::*", "VTK::*", "CLI11::CLI11"},
}

# What starts with a program must not reach libtorch, by whatever way: it is opened when it is needed (app/networks).
WITHOUT_LIBTORCH = ("tactus", "tactus-studio", "tactus_composition", "tactus_networks_interface")


def permitted(target, library):
    rules = ALLOWED.get(target, set())
    return library in rules or any(r.endswith("*") and library.startswith(r[:-1]) for r in rules)


def check_edges(lines):
    problems = []
    for line in lines:
        target, library = line.split(" ", 1)
        if target not in ALLOWED:
            problems.append(f"{target}: not a room of the design")
        elif not permitted(target, library):
            problems.append(f"{target} links {library}, which its row does not list")
    return problems


def check_reach(lines):
    """A path from a program to libtorch, however long."""
    uses = {}
    for line in lines:
        target, library = line.split(" ", 1)
        uses.setdefault(target, []).append(library)
    problems = []
    for program in WITHOUT_LIBTORCH:
        paths, seen = [[program]], {program}
        while paths:
            path = paths.pop()
            if path[-1] == "libtorch::libtorch":
                problems.append(f"{program} loads libtorch when it starts: it links {' → '.join(path[1:])}")
                break
            for library in uses.get(path[-1], []):
                if library not in seen:
                    seen.add(library)
                    paths.append([*path, library])
    return problems


def check_includes(source):
    """Qt, VTK and OpenCV headers stay in the rooms that may use them, the fixed folders exist."""
    problems = []
    bans = [
        (re.compile(r"^\s*#include\s*<(Q[A-Z]\w*|Qt\w+/.*)>"), "Qt", ("ui", "app/studio")),
        (re.compile(r"^\s*#include\s*<vtk\w+\.h>"), "VTK", ("ui/viewport", "render/scene", "ui")),
        (re.compile(r"^\s*#include\s*<opencv2/"), "OpenCV", ("core/io",)),
        (re.compile(r"^\s*#include\s*<(torch|ATen|c10)/"), "libtorch", ("models",)),
        (re.compile(r'^\s*#include\s*"tactus/(checkpoint|clip|interactvlm|layers|llama|perception|preprocess|sam|tokenizer)/'), "models/",
         ("models", "app/networks")),
    ]
    for folder in "app core render cuda models ui resources tests packaging".split():
        if not (source / folder).is_dir():
            problems.append(f"{folder}/ is missing")
    for folder in "app core render cuda models ui".split():
        for file in sorted((source / folder).rglob("*")):
            if file.suffix not in (".h", ".cpp", ".cu"):
                continue
            where = file.relative_to(source).as_posix()
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                for pattern, name, homes in bans:
                    if pattern.match(line) and not any(where.startswith(h + "/") for h in homes):
                        problems.append(f"{where}:{number}: {name} is not for this room")
    return problems


def self_test():
    """The check must be able to fail."""
    assert check_edges(["tactus_geometry tactus_io"]), "a forbidden edge went through"
    assert check_edges(["tactus_unheard_of Eigen3::Eigen"]), "an unknown room went through"
    assert check_reach(["tactus tactus_io", "tactus_io tactus_checkpoint", "tactus_checkpoint libtorch::libtorch"]), "a path to libtorch went through"
    assert not check_reach(["tactus tactus_io", "tactus_networks libtorch::libtorch"]), "the library of the networks was refused"
    assert not check_edges(["tactus_ui Qt6::Widgets"]), "a listed edge was refused"


if __name__ == "__main__":
    self_test()
    graph, source = map(pathlib.Path, sys.argv[1:])
    edges = graph.read_text().splitlines()
    assert len(edges) > 10, f"{graph} names only {len(edges)} edges"
    found = check_edges(edges) + check_reach(edges) + check_includes(source)
    print("\n".join(found) or f"{len(edges)} edges, all listed")
    sys.exit(1 if found else 0)
