# Finds libtorch 2.13 in an unpacked wheel or libtorch folder, without TorchConfig.cmake: that
# file wants a CUDA toolkit for CUDA wheels and adds flags that we do not want.
#
#   LIBTORCH          the folder that holds include/ and lib/ (a Python wheel's torch/), given as
#                     a CMake variable or an environment variable
#   Libtorch::torch   the imported target
if(NOT LIBTORCH AND DEFINED ENV{LIBTORCH})
  set(LIBTORCH "$ENV{LIBTORCH}")
endif()
find_path(Libtorch_INCLUDE_DIR ATen/core/Tensor.h HINTS "${LIBTORCH}/include" NO_DEFAULT_PATH)
find_library(Libtorch_LIBRARY torch HINTS "${LIBTORCH}/lib" NO_DEFAULT_PATH)
find_library(Libtorch_CPU_LIBRARY torch_cpu HINTS "${LIBTORCH}/lib" NO_DEFAULT_PATH)
find_library(Libtorch_C10_LIBRARY c10 HINTS "${LIBTORCH}/lib" NO_DEFAULT_PATH)
set(Libtorch_VERSION "")
if(Libtorch_INCLUDE_DIR AND EXISTS "${Libtorch_INCLUDE_DIR}/torch/headeronly/version.h")
  set(_version_header "${Libtorch_INCLUDE_DIR}/torch/headeronly/version.h")
elseif(Libtorch_INCLUDE_DIR)
  set(_version_header "${Libtorch_INCLUDE_DIR}/torch/csrc/api/include/torch/version.h")
endif()
if(_version_header AND EXISTS "${_version_header}")
  file(STRINGS "${_version_header}" _lines REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
  foreach(_part MAJOR MINOR PATCH)
    if("${_lines}" MATCHES "TORCH_VERSION_${_part} ([0-9]+)")
      list(APPEND _numbers "${CMAKE_MATCH_1}")
    endif()
  endforeach()
  string(REPLACE ";" "." Libtorch_VERSION "${_numbers}")
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Libtorch
  REQUIRED_VARS Libtorch_LIBRARY Libtorch_CPU_LIBRARY Libtorch_C10_LIBRARY Libtorch_INCLUDE_DIR
  VERSION_VAR Libtorch_VERSION
  REASON_FAILURE_MESSAGE "set LIBTORCH to a folder with include/ and lib/ of torch 2.13, or run scripts/build, which gets one")
if(Libtorch_FOUND AND NOT TARGET Libtorch::torch)
  add_library(Libtorch::torch INTERFACE IMPORTED)
  target_include_directories(Libtorch::torch SYSTEM INTERFACE
    "${Libtorch_INCLUDE_DIR}" "${Libtorch_INCLUDE_DIR}/torch/csrc/api/include")
  get_filename_component(_lib_dir "${Libtorch_LIBRARY}" DIRECTORY)
  # libtorch registers its kernels from static initialisers: the linker must not drop it.
  target_link_options(Libtorch::torch INTERFACE
    "-Wl,--no-as-needed" "-Wl,-rpath,${_lib_dir}" "-Wl,--allow-shlib-undefined")
  target_link_libraries(Libtorch::torch INTERFACE
    "${Libtorch_LIBRARY}" "${Libtorch_CPU_LIBRARY}" "${Libtorch_C10_LIBRARY}")
endif()
