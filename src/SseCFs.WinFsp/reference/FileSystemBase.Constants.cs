namespace Fsp;

public partial class FileSystemBase
{
    public const uint FILE_DIRECTORY_FILE = 0x1;
    public const uint FILE_NON_DIRECTORY_FILE = 0x40;
    public const uint FILE_DELETE_ON_CLOSE = 0x1000;
    public const uint FILE_OPEN_REPARSE_POINT = 0x200000;

    public const uint CleanupDelete = 0x01;

    public const int STATUS_SUCCESS = 0;
    public const int STATUS_PENDING = 0x103;
    public const int STATUS_REPARSE = 0x104;
    public const int STATUS_INVALID_HANDLE = unchecked((int)0xC0000008);
    public const int STATUS_INVALID_PARAMETER = unchecked((int)0xC000000D);
    public const int STATUS_INVALID_DEVICE_REQUEST = unchecked((int)0xC0000010);
    public const int STATUS_END_OF_FILE = unchecked((int)0xC0000011);
    public const int STATUS_ACCESS_DENIED = unchecked((int)0xC0000022);
    public const int STATUS_OBJECT_NAME_INVALID = unchecked((int)0xC0000033);
    public const int STATUS_OBJECT_NAME_NOT_FOUND = unchecked((int)0xC0000034);
    public const int STATUS_OBJECT_NAME_COLLISION = unchecked((int)0xC0000035);
    public const int STATUS_OBJECT_PATH_NOT_FOUND = unchecked((int)0xC000003A);
    public const int STATUS_NO_SUCH_DEVICE = unchecked((int)0xC000000E);
    public const int STATUS_INVALID_OWNER = unchecked((int)0xC000005A);
    public const int STATUS_EA_TOO_LARGE = unchecked((int)0xC0000050);
    public const int STATUS_NONEXISTENT_EA_ENTRY = unchecked((int)0xC0000051);
    public const int STATUS_EA_LIST_INCONSISTENT = unchecked((int)0x80000014);
    public const int STATUS_DISK_FULL = unchecked((int)0xC000007F);
    public const int STATUS_FILE_INVALID = unchecked((int)0xC0000098);
    public const int STATUS_MEDIA_WRITE_PROTECTED = unchecked((int)0xC00000A2);
    public const int STATUS_FILE_IS_A_DIRECTORY = unchecked((int)0xC00000BA);
    public const int STATUS_NOT_SUPPORTED = unchecked((int)0xC00000BB);
    public const int STATUS_INVALID_NETWORK_RESPONSE = unchecked((int)0xC00000C3);
    public const int STATUS_UNEXPECTED_NETWORK_ERROR = unchecked((int)0xC00000C4);
    public const int STATUS_CANT_WAIT = unchecked((int)0xC00000D8);
    public const int STATUS_UNEXPECTED_IO_ERROR = unchecked((int)0xC00000E9);
    public const int STATUS_DIRECTORY_NOT_EMPTY = unchecked((int)0xC0000101);
    public const int STATUS_NOT_A_DIRECTORY = unchecked((int)0xC0000103);
    public const int STATUS_NAME_TOO_LONG = unchecked((int)0xC0000106);
    public const int STATUS_CANCELLED = unchecked((int)0xC0000120);
    public const int STATUS_CANNOT_DELETE = unchecked((int)0xC0000121);
    public const int STATUS_IO_DEVICE_ERROR = unchecked((int)0xC0000185);
    public const int STATUS_NOT_A_REPARSE_POINT = unchecked((int)0xC0000275);
    public const int STATUS_IO_REPARSE_TAG_MISMATCH = unchecked((int)0xC0000277);
    public const int STATUS_IO_REPARSE_DATA_INVALID = unchecked((int)0xC0000278);
    public const int STATUS_ENCRYPTION_FAILED = unchecked((int)0xC000028A);
    public const int STATUS_FILE_TOO_LARGE = unchecked((int)0xC0000904);
}
