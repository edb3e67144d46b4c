/** Names of files that are taken for masks: what is read, and what can be converted. */
export const maskPattern = /\.(png|jpe?g|webp|tiff?|bmp)$/i;
/** Names of photos of kinds that are not read. */
export const unreadPhotoPattern = /\.(bmp|heic|heif|avif|gif|jfif|jpe|jp2|j2k|ppm|dng|cr2|nef|arw)$/i;
/** Names of masks of kinds that are not read: pictures, and arrays of numbers. */
export const unreadMaskPattern = /\.(gif|p[bgnp]m|jp2|npy|npz|mat)$/i;
/** Names of files that are taken for images: what libvips decodes. */
export const imagePattern = /\.(png|jpe?g|webp|tiff?)$/i;
