# codexpc_add_metal(TARGET): adds the Metal backend to an addon.
#   GPTOSS_SOURCE_DIR=DIR  a checkout of https://github.com/openai/gpt-oss: its sources are compiled as they are. They are
#                          not part of this repository.
#   CODEXPC_GPTOSS_STUB=DIR  instead: headers and a stub library, for the check build (tools/macos/cross-build.sh)
#   CODEXPC_METALLIB=FILE  default.metallib, which becomes a section of the addon: there the library looks first
enable_language(OBJC)
set(CODEXPC_METAL_FOLDER ${CMAKE_CURRENT_LIST_DIR})

function(codexpc_add_metal target)
  set(metal ${CODEXPC_METAL_FOLDER})
  target_sources(${target} PRIVATE ${metal}/metal-context.cc ${metal}/metal-engine.cc ${metal}/library-limits.cc
    ${metal}/private-storage.m)
  target_compile_definitions(${target} PRIVATE CODEXPC_METAL)
  target_link_libraries(${target} PRIVATE "-framework Foundation" "-framework CoreFoundation" "-framework Metal"
    "-framework IOKit" -lobjc)
  set_source_files_properties(${metal}/private-storage.m PROPERTIES COMPILE_OPTIONS "-fobjc-arc;-fblocks")
  if(GPTOSS_SOURCE_DIR)
    codexpc_add_gptoss(${target} ${GPTOSS_SOURCE_DIR}/gpt_oss/metal)
  else()
    target_include_directories(${target} SYSTEM PRIVATE ${CODEXPC_GPTOSS_STUB})
    target_link_libraries(${target} PRIVATE -lgptoss)
  endif()
  if(CODEXPC_METALLIB)
    target_link_options(${target} PRIVATE "LINKER:-sectcreate,__METAL,__shaders,${CODEXPC_METALLIB}")
  endif()
endfunction()

function(codexpc_add_gptoss target gptoss)
  if(NOT EXISTS ${gptoss}/source/model.c)
    message(FATAL_ERROR "GPTOSS_SOURCE_DIR is ${GPTOSS_SOURCE_DIR}, which has no gpt_oss/metal/source; give a checkout of openai/gpt-oss")
  endif()
  set(sources)
  foreach(name model.c context.c tokenizer.c log.c metal-kernels.c metal.m)
    list(APPEND sources ${gptoss}/source/${name})
  endforeach()
  target_sources(${target} PRIVATE ${sources})
  target_include_directories(${target} SYSTEM PRIVATE ${gptoss}/include ${gptoss}/source/include)
  target_compile_definitions(${target} PRIVATE CODEXPC_GPTOSS_HEADERS)
  # NDEBUG: an assertion in context.c names a member that does not exist.
  set_source_files_properties(${sources} PROPERTIES COMPILE_OPTIONS "-w;-std=gnu11" COMPILE_DEFINITIONS NDEBUG)
  set_source_files_properties(${gptoss}/source/model.c PROPERTIES
    COMPILE_OPTIONS "-w;-std=gnu11;-include;limits.h" # it uses INT_MAX without the header
    COMPILE_DEFINITIONS "NDEBUG;mlock=codexpc_no_mlock;munlock=codexpc_no_munlock")
  set_source_files_properties(${gptoss}/source/metal.m PROPERTIES
    COMPILE_OPTIONS "-w;-fblocks;-fno-objc-arc" # it retains and releases by hand
    COMPILE_DEFINITIONS "NDEBUG;gptoss_metal_buffer_wrap=gptoss_metal_buffer_wrap_shared")
endfunction()
