# Cross-builds for macOS 13 on Linux: clang-19 and ld64.lld, libc headers and libSystem's symbols from the zig package,
# everything else from the stubs in sdk/. It proves that the sources compile and what they import, not that they work.
#   -DMACOS_ARCH=arm64|x86_64  -DZIG_LIB=<lib folder of the npm package>  -DMINI_SDK=<folder made by cross-build.sh>
set(CMAKE_SYSTEM_NAME Darwin)
set(CMAKE_SYSTEM_PROCESSOR ${MACOS_ARCH})
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MACOS_ARCH ZIG_LIB MINI_SDK)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY) # nothing to link yet

set(CMAKE_C_COMPILER clang-19)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_OBJC_COMPILER clang-19)
foreach(language C CXX OBJC)
  set(CMAKE_${language}_COMPILER_TARGET ${MACOS_ARCH}-apple-macos13.0)
endforeach()
set(CMAKE_AR /usr/bin/llvm-ar-19)
set(CMAKE_RANLIB /usr/bin/llvm-ranlib-19)
set(CMAKE_INSTALL_NAME_TOOL /usr/bin/llvm-install-name-tool-19)
set(CMAKE_OSX_SYSROOT "" CACHE STRING "" FORCE)
set(CMAKE_OSX_ARCHITECTURES "" CACHE STRING "" FORCE)
set(CMAKE_OSX_DEPLOYMENT_TARGET "" CACHE STRING "" FORCE)

if(MACOS_ARCH STREQUAL arm64)
  set(zig_arch aarch64)
else()
  set(zig_arch x86_64)
endif()
set(libc ${ZIG_LIB}/libc/include/${zig_arch}-macos.13-none ${ZIG_LIB}/libc/include/any-macos.13-any
  ${ZIG_LIB}/libc/include/any-macos-any)
# libc++ before libc. (cmake-js sets CMAKE_CXX_FLAGS on the command line, which would replace flags set here.)
set(CMAKE_C_STANDARD_INCLUDE_DIRECTORIES ${libc})
set(CMAKE_OBJC_STANDARD_INCLUDE_DIRECTORIES ${libc})
set(CMAKE_CXX_STANDARD_INCLUDE_DIRECTORIES ${ZIG_LIB}/libcxx/include ${libc})
add_compile_options(-nostdlibinc "SHELL:-isystem ${MINI_SDK}/usr/include"
  "SHELL:-iframework ${MINI_SDK}/System/Library/Frameworks")
add_compile_definitions(_LIBCPP_ABI_VERSION=1 _LIBCPP_ABI_NAMESPACE=__1 _LIBCPP_HAS_NO_VENDOR_AVAILABILITY_ANNOTATIONS)
foreach(kind EXE MODULE SHARED)
  set(CMAKE_${kind}_LINKER_FLAGS_INIT "-fuse-ld=lld -nostdlib -Wl,-syslibroot,${MINI_SDK} -lSystem -lc++")
endforeach()
