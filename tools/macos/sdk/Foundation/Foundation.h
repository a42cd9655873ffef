// Check build only: see ../README.md.
#pragma once

#include <objc/NSObject.h>
#include <objc/objc.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef unsigned long NSUInteger;
typedef long NSInteger;

typedef struct _NSRange {
  NSUInteger location;
  NSUInteger length;
} NSRange;

static inline NSRange NSMakeRange(NSUInteger location, NSUInteger length) {
  NSRange range = {location, length};
  return range;
}

@interface NSString : NSObject
+ (instancetype)stringWithUTF8String:(const char*)bytes;
- (const char*)UTF8String __attribute__((objc_returns_inner_pointer));
@property(readonly) const char* UTF8String;
@end

@interface NSError : NSObject
@property(readonly, copy) NSString* localizedDescription;
@end

#if !__has_feature(objc_arc)
@interface NSAutoreleasePool : NSObject
- (void)drain;
@end
#endif

typedef const void* CFTypeRef;
typedef unsigned long CFTypeID;
typedef long CFIndex;
typedef double CFTimeInterval;
typedef const struct __CFString* CFStringRef;
typedef const struct __CFNumber* CFNumberRef;
typedef const struct __CFAllocator* CFAllocatorRef;
typedef CFIndex CFNumberType;

enum { kCFNumberSInt32Type = 3 };

#define CFSTR(text) ((CFStringRef)__builtin___CFStringMakeConstantString("" text ""))

extern const CFAllocatorRef kCFAllocatorDefault;
CFTypeID CFGetTypeID(CFTypeRef value);
CFTypeID CFNumberGetTypeID(void);
_Bool CFNumberGetValue(CFNumberRef number, CFNumberType type, void* value);
void CFRelease(CFTypeRef value);

#if __has_feature(objc_arc)
static inline CFTypeRef CFBridgingRetain(id value) { return (__bridge_retained CFTypeRef)value; }
#endif
