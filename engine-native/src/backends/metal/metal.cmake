# Adds the Metal backend to the addon: the adapter, and the GPT-OSS library's sources as they are in GPTOSS_SOURCE_DIR, a
# checkout of https://github.com/openai/gpt-oss. They are not part of this repository.
#   CODEXPC_METALLIB=FILE  default.metallib, which becomes a section of the addon: there the library looks first
set(gptoss ${GPTOSS_SOURCE_DIR}/gpt_oss/metal)
if(NOT EXISTS ${gptoss}/source/model.c)
  message(FATAL_ERROR "GPTOSS_SOURCE_DIR is ${GPTOSS_SOURCE_DIR}, which has no gpt_oss/metal/source; give a checkout of openai/gpt-oss")
endif()
enable_language(OBJC)
set(metal ${CMAKE_CURRENT_LIST_DIR})
set(library_sources)
foreach(name model.c context.c tokenizer.c log.c metal-kernels.c metal.m)
  list(APPEND library_sources ${gptoss}/source/${name})
endforeach()
target_sources(codexpc_addon PRIVATE ${metal}/metal-context.cc ${metal}/metal-engine.cc ${metal}/library-limits.cc
  ${metal}/private-storage.m ${library_sources})
target_include_directories(codexpc_addon SYSTEM PRIVATE ${gptoss}/include ${gptoss}/source/include)
target_compile_definitions(codexpc_addon PRIVATE CODEXPC_METAL CODEXPC_GPTOSS_HEADERS)
# NDEBUG: an assertion in context.c names a member that does not exist.
set_source_files_properties(${library_sources} PROPERTIES COMPILE_OPTIONS "-w;-std=gnu11" COMPILE_DEFINITIONS NDEBUG)
set_source_files_properties(${gptoss}/source/model.c PROPERTIES
  COMPILE_OPTIONS "-w;-std=gnu11;-include;limits.h" # it uses INT_MAX without the header
  COMPILE_DEFINITIONS "NDEBUG;mlock=codexpc_no_mlock;munlock=codexpc_no_munlock")
set_source_files_properties(${gptoss}/source/metal.m PROPERTIES
  COMPILE_OPTIONS "-w;-fblocks;-fno-objc-arc" # it retains and releases by hand
  COMPILE_DEFINITIONS "NDEBUG;gptoss_metal_buffer_wrap=gptoss_metal_buffer_wrap_shared")
set_source_files_properties(${metal}/private-storage.m PROPERTIES COMPILE_OPTIONS "-fobjc-arc;-fblocks")
target_link_libraries(codexpc_addon PRIVATE "-framework Foundation" "-framework CoreFoundation" "-framework Metal"
  "-framework IOKit" -lobjc)
if(CODEXPC_METALLIB)
  target_link_options(codexpc_addon PRIVATE "LINKER:-sectcreate,__METAL,__shaders,${CODEXPC_METALLIB}")
endif()
